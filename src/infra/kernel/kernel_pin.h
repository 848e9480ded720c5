/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_pin.h - which guest kernel this bbox uses, byte for byte.
 *
 * To move to another one: change the row, run the tests.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_PIN_H
#define BBOX_INFRA_KERNEL_KERNEL_PIN_H

#include <stdint.h>

#include "base/macros.h"

struct kernel_pin {
	const char *arch;    /* as Debian names it */
	const char *package; /* Debian package */
	const char *version; /* of the package */
	const char *release; /* of the kernel, as uname -r says */
	const char *sha256;  /* of the .deb, lower-case hex */
	uint64_t size;	     /* of the .deb, bytes */
};

/* NULL when there is none for @arch. */
const struct kernel_pin *kernel_pin_find(const char *arch);
/* This machine's architecture as Debian names it. */
const char *kernel_pin_host_arch(void);
/* The name apt gives the file; the caller frees. */
must_check char *kernel_pin_file_name(const struct kernel_pin *pin);

#endif /* BBOX_INFRA_KERNEL_KERNEL_PIN_H */
