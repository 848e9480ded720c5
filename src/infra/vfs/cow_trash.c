// SPDX-License-Identifier: Apache-2.0
/*
 * cow_trash.c - contents that nothing needs any more, thrown away together.
 *
 * A content goes when the record that removes its last name is on the disk and
 * not before: after a power failure the records may end earlier, and the file
 * is there again. To wait for the disk is slow, so there is one wait for many
 * files. Slots side by side go in one call.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <unistd.h>

/* Room on the disk that may wait, bytes. */
#define WAITING_MAX ((uint64_t)64 * 1024 * 1024)

void cow_trash_add(struct cow_fs *fs, uint64_t id, enum cow_place place,
		   uint64_t size)
{
	struct cow_trash *t = &fs->trash;
	struct stat st;

	if (t->n == COW_TRASH_MAX)
		discard(cow_trash_empty(fs));
	t->v[t->n++] = (struct cow_waste){ .id = id, .place = place };
	t->bytes += size;
	if (place != COW_PLACE_SLOT && cow_object_stat(fs, id, &st) == 0)
		t->bytes += (uint64_t)st.st_blocks * 512;
	if (t->bytes > WAITING_MAX)
		discard(cow_trash_empty(fs));
}

/* Lets the waste at @i of a heap of @n sink to where it belongs. */
static void sink(struct cow_waste *v, size_t i, size_t n)
{
	const struct cow_waste waste = v[i];
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && v[child + 1].id > v[child].id)
			child++;
		if (v[child].id <= waste.id)
			break;
		v[i] = v[child];
	}
	v[i] = waste;
}

/* By id, in place: qsort(3) makes calls that the cage does not allow. */
static void sort(struct cow_waste *v, size_t n)
{
	struct cow_waste last;

	for (size_t i = n / 2; i--;)
		sink(v, i, n);
	for (; n > 1; n--) {
		last = v[n - 1];
		v[n - 1] = v[0];
		v[0] = last;
		sink(v, 0, n - 1);
	}
}

/* @n slots from @id on. */
static void punch(struct cow_fs *fs, uint64_t id, uint64_t n)
{
	/* Elsewhere it costs room only. */
	if (fallocate(fs->slots_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)overlay_slot_offset(id),
		      (off_t)(n * OVERLAY_SLOT_SIZE)) < 0 &&
	    errno != EOPNOTSUPP)
		log_warn(fs->cfg.log, "vfs: free slots: errno %d", errno);
}

/* The slots of @t from @i on that lie side by side; where the next begin. */
static size_t punch_run(struct cow_fs *fs, const struct cow_trash *t, size_t i)
{
	uint64_t first = t->v[i].id, n = 0;

	while (i < t->n && t->v[i].id == first + n &&
	       t->v[i].place != COW_PLACE_OBJECT) {
		n++;
		i++;
	}
	if (first + n - 1 <= OVERLAY_SLOT_ID_MAX)
		punch(fs, first, n);
	return i;
}

static void throw_away(struct cow_fs *fs, struct cow_trash *t)
{
	size_t i = 0;

	sort(t->v, t->n);
	for (size_t k = 0; k < t->n; k++)
		if (t->v[k].place != COW_PLACE_SLOT)
			cow_object_delete(fs, t->v[k].id);
	while (i < t->n) {
		if (t->v[i].place == COW_PLACE_OBJECT)
			i++;
		else
			i = punch_run(fs, t, i);
	}
}

bool cow_trash_empty(struct cow_fs *fs)
{
	struct cow_trash *t = &fs->trash;

	if (!t->n)
		return false;
	/* The names of objects that slots were left for, and the records. */
	if (fsync(fs->objects_fd) < 0 || fdatasync(fs->records_fd) < 0)
		log_warn(fs->cfg.log, "vfs: write to the disk: errno %d",
			 errno);
	else
		throw_away(fs, t);
	t->n = 0;
	t->bytes = 0;
	return true;
}
