// SPDX-License-Identifier: Apache-2.0
/*
 * cow_fds.c - keep descriptors open as long as there is room for them.
 */
#include "infra/vfs/cow_fds.h"

#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

static void unlink_slot(struct cow_fds *fds, struct cow_fd *slot)
{
	if (slot->newer)
		slot->newer->older = slot->older;
	else
		fds->newest = slot->older;
	if (slot->older)
		slot->older->newer = slot->newer;
	else
		fds->oldest = slot->newer;
	slot->newer = NULL;
	slot->older = NULL;
	fds->n--;
}

static void link_newest(struct cow_fds *fds, struct cow_fd *slot)
{
	slot->newer = NULL;
	slot->older = fds->newest;
	if (fds->newest)
		fds->newest->newer = slot;
	else
		fds->oldest = slot;
	fds->newest = slot;
	fds->n++;
}

/* Closes from the oldest on until there are no more than @keep; not @in_use. */
static void shrink(struct cow_fds *fds, size_t keep, int in_use)
{
	struct cow_fd *slot = fds->oldest, *next;

	while (slot && fds->n > keep) {
		next = slot->newer;
		if (!slot->busy && slot->fd != in_use)
			cow_fds_drop(fds, slot);
		slot = next;
	}
}

void cow_fds_put(struct cow_fds *fds, struct cow_fd *slot, int fd)
{
	cow_fds_drop(fds, slot);
	shrink(fds, fds->max - 1, /* in_use */ -1);
	slot->fd = fd;
	slot->opened_ns = clock_now_ns();
	link_newest(fds, slot);
}

int cow_fds_use(struct cow_fds *fds, struct cow_fd *slot)
{
	if (slot->fd >= 0 && fds->newest != slot) {
		unlink_slot(fds, slot);
		link_newest(fds, slot);
	}
	return slot->fd;
}

void cow_fds_drop(struct cow_fds *fds, struct cow_fd *slot)
{
	if (slot->fd < 0)
		return;
	unlink_slot(fds, slot);
	fd_close(&slot->fd);
}

void cow_fds_shed(struct cow_fds *fds, int in_use)
{
	shrink(fds, 0, in_use);
}
