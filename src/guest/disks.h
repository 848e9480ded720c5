/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disks.h - find the disks of the VM by their serial numbers.
 */
#ifndef BBOX_GUEST_DISKS_H
#define BBOX_GUEST_DISKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define DISKS_LAYERS_MAX 256U
#define DISK_NAME_SIZE	 16 /* bytes; "vdXYZ" with the NUL */

enum disk_role { DISK_OTHER, DISK_LAYER, DISK_SCRATCH };

struct disk_id {
	enum disk_role role;
	uint32_t layer; /* DISK_LAYER only; 0 is the bottom */
};

struct disks {
	uint32_t layer_count; /* set by the caller */
	char layers[DISKS_LAYERS_MAX][DISK_NAME_SIZE];
	char scratch[DISK_NAME_SIZE];
};

/* What a serial number says; pure. A number has no leading zero. */
struct disk_id disk_identify(struct span serial);

/*
 * A uevents_check over a struct disks: 1 when the scratch disk and all layers
 * are there. A layer that is not in the count is ERR_INVALID, as is a serial
 * that two disks have.
 */
must_check int disks_find(void *disks, struct err *err);

#endif /* BBOX_GUEST_DISKS_H */
