// SPDX-License-Identifier: Apache-2.0
/*
 * disks.c - find the disks of the VM by their serial numbers.
 */
#include "guest/disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"

#define BLOCK_DIR  "/sys/block"
#define SERIAL_MAX 20 /* bytes; of a virtio disk */

struct disk_id disk_identify(struct span serial)
{
	static const char prefix[] = GUEST_SERIAL_LAYER;
	struct disk_id id = { .role = DISK_OTHER };
	char text[SERIAL_MAX + 1] = "";
	const char *number;
	uint64_t layer;

	if (serial.len && ((const char *)serial.p)[serial.len - 1] == '\n')
		serial.len--;
	if (serial.len > SERIAL_MAX)
		return id;
	memcpy(text, serial.p, serial.len);
	if (strlen(text) != serial.len)
		return id;
	if (!strcmp(text, GUEST_SERIAL_SCRATCH)) {
		id.role = DISK_SCRATCH;
		return id;
	}
	if (!text_starts_with(text, prefix))
		return id;
	number = text + sizeof(prefix) - 1;
	if ((number[0] == '0' && number[1]) ||
	    !text_parse_u64(number, DISKS_LAYERS_MAX - 1, &layer))
		return id;
	id.role = DISK_LAYER;
	id.layer = (uint32_t)layer;
	return id;
}

static int remember(char slot[DISK_NAME_SIZE], const char *name,
		    struct err *err)
{
	size_t len = strlen(name);

	if (*slot && strcmp(slot, name))
		return err_set(err, ERR_INVALID,
			       "disks '%s' and '%s' have the same serial", slot,
			       name);
	if (len >= DISK_NAME_SIZE)
		return err_set(err, ERR_LIMIT, "disk name '%s' is too long",
			       name);
	memcpy(slot, name, len + 1);
	return 0;
}

static int look_at(struct disks *d, const char *name, struct err *err)
{
	auto_free char *path = xasprintf(BLOCK_DIR "/%s/serial", name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char serial[SERIAL_MAX + 2];
	ssize_t n = fd < 0 ? -1 : read(fd, serial, sizeof(serial));
	struct disk_id id;

	/* No serial, or gone again: not one of ours. */
	if (n < 0)
		return 0;
	id = disk_identify((struct span){ .p = serial, .len = (size_t)n });
	switch (id.role) {
	case DISK_OTHER:
		return 0;
	case DISK_SCRATCH:
		return remember(d->scratch, name, err);
	case DISK_LAYER:
		break;
	}
	if (id.layer >= d->layer_count)
		return err_set(err, ERR_INVALID,
			       "disk '%s' is layer %u of only %u", name,
			       id.layer, d->layer_count);
	return remember(d->layers[id.layer], name, err);
}

static bool are_complete(const struct disks *d)
{
	for (uint32_t i = 0; i < d->layer_count; i++) {
		if (!d->layers[i][0])
			return false;
	}
	return d->scratch[0];
}

int disks_find(void *disks, struct err *err)
{
	struct disks *d = disks;
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (!d->layer_count || d->layer_count > DISKS_LAYERS_MAX)
		return err_set(err, ERR_INVALID, "%u layers; 1 to %u can be",
			       d->layer_count, DISKS_LAYERS_MAX);
	dir = opendir(BLOCK_DIR);
	if (!dir)
		return err_sys(err, errno, "open '" BLOCK_DIR "'");
	while (!r && (entry = readdir(dir))) {
		if (text_starts_with(entry->d_name, "vd"))
			r = look_at(d, entry->d_name, err);
	}
	closedir(dir);
	return r < 0 ? -1 : are_complete(d);
}
