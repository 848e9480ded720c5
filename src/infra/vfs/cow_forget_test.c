// SPDX-License-Identifier: Apache-2.0
/*
 * cow_forget_test.c - a guest's kernel that counts its lookups, forgets what
 * it does not use, and whose FORGETs come late. What it holds, open files
 * without a name above all, must be there with the size that it has.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/cow_world.h"

#define SEEDS	 20
#define STEPS	 20000
#define NAMES	 6
#define INODES	 64
#define LATE	 200   /* FORGETs on their way */
#define FILE_MAX 50000 /* bytes: some are in slots, some are not */

struct inode {
	uint64_t id; /* 0: free */
	uint64_t lookups, size;
	unsigned int opens;
};

struct kernel {
	struct world w;
	struct inode inodes[INODES];
	struct fuse_forget_one late[LATE];
	size_t late_count;
	uint64_t random;
	int seed, step;
};

static bool is_free(const struct inode *inode)
{
	return !inode->id;
}

static bool is_open(const struct inode *inode)
{
	return inode->id && inode->opens;
}

static size_t count_if(const struct kernel *k,
		       bool (*is)(const struct inode *inode))
{
	size_t n = 0;

	for (size_t i = 0; i < INODES; i++)
		n += is(&k->inodes[i]);
	return n;
}

static uint32_t draw(struct kernel *k, uint32_t n)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (uint32_t)(k->random >> 32) % n;
}

static const char *draw_name(struct kernel *k)
{
	static const char *const names[NAMES] = {
		"a", "b", "c", "d", "e", "f"
	};

	return names[draw(k, NAMES)];
}

static struct inode *inode_of(struct kernel *k, uint64_t id)
{
	for (size_t i = 0; i < INODES; i++)
		if (k->inodes[i].id == id)
			return &k->inodes[i];
	return NULL;
}

/* An answer with an entry. */
static struct inode *count(struct kernel *k, const struct fuse_entry_out *out)
{
	struct inode *inode = inode_of(k, out->nodeid);

	if (!inode) {
		inode = inode_of(k, 0);
		assert_non_null(inode);
		*inode = (struct inode){ .id = out->nodeid,
					 .size = out->attr.size };
	}
	inode->lookups++;
	CHECK(inode->size == out->attr.size,
	      "seed %d step %d: node %" PRIu64 " has %" PRIu64 " bytes",
	      k->seed, k->step, inode->id, (uint64_t)out->attr.size);
	return inode;
}

static struct inode *look_up(struct kernel *k, const char *name)
{
	struct fuse_entry_out out;
	int r = k->w.fs->ops->lookup(k->w.fs, FUSE_ROOT_ID, name, &out);

	assert_int_equal(r, 0);
	return out.nodeid ? count(k, &out) : NULL;
}

static void deliver(struct kernel *k, size_t i)
{
	k->w.fs->ops->forget(k->w.fs, k->late[i].nodeid, k->late[i].nlookup);
	k->late[i] = k->late[--k->late_count];
}

static void evict(struct kernel *k, struct inode *inode)
{
	if (!inode->id || inode->opens)
		return;
	if (k->late_count == LATE)
		deliver(k, draw(k, LATE));
	k->late[k->late_count++] =
		(struct fuse_forget_one){ .nodeid = inode->id,
					  .nlookup = inode->lookups };
	inode->id = 0;
}

static void open_or_close(struct kernel *k)
{
	struct inode *inode = &k->inodes[draw(k, INODES)];

	if (inode->id && inode->opens && draw(k, 3))
		inode->opens--;
	else
		inode = look_up(k, draw_name(k));
	if (inode && inode->id && count_if(k, is_open) < INODES / 2)
		inode->opens += draw(k, 2);
}

static void create(struct kernel *k)
{
	struct fuse_entry_out out;
	uint32_t flags = O_CREAT | (draw(k, 2) ? O_EXCL : 0);

	if (k->w.fs->ops->create(k->w.fs, &guest_user, FUSE_ROOT_ID,
				 draw_name(k), 0644, flags, &out) == 0)
		discard(count(k, &out));
}

static void rename_or_link(struct kernel *k)
{
	static const uint32_t flags[] = { 0, RENAME_NOREPLACE,
					  RENAME_EXCHANGE };
	const char *from = draw_name(k), *to = draw_name(k);
	struct inode *inode = look_up(k, from);
	struct fuse_entry_out out;

	discard(look_up(k, to));
	if (draw(k, 2))
		discard(k->w.fs->ops->rename(k->w.fs, FUSE_ROOT_ID, from,
					     FUSE_ROOT_ID, to,
					     flags[draw(k, 3)]));
	else if (inode && k->w.fs->ops->link(k->w.fs, inode->id, FUSE_ROOT_ID,
					     to, &out) == 0)
		count(k, &out);
}

static void change(struct kernel *k, struct inode *inode)
{
	static char bytes[FILE_MAX];
	uint64_t at = draw(k, FILE_MAX / 2);
	struct iovec iov = { .iov_base = bytes,
			     .iov_len = draw(k, FILE_MAX / 2) };

	if (!inode->id)
		return;
	if (draw(k, 3)) {
		CHECK(k->w.fs->ops->write(k->w.fs, inode->id, &iov, 1, at,
					  false) == (ssize_t)iov.iov_len,
		      "seed %d step %d: write", k->seed, k->step);
		if (iov.iov_len && at + iov.iov_len > inode->size)
			inode->size = at + iov.iov_len;
	} else {
		assert_int_equal(guest_truncate(&k->w, inode->id, at), 0);
		inode->size = at;
	}
}

struct listing {
	struct fs_dir_sink sink;
	struct kernel *k;
	uint32_t room; /* entries */
};

static bool take_entry(struct fs_dir_sink *sink, struct span name unused,
		       uint32_t type unused, uint64_t ino unused,
		       uint64_t next unused, const struct fuse_entry_out *entry)
{
	struct listing *l = container_of(sink, struct listing, sink);

	if (!l->room)
		return false;
	l->room--;
	if (entry->nodeid)
		count(l->k, entry);
	return true;
}

static void list(struct kernel *k)
{
	struct listing l = { .sink = { .add = take_entry, .plus = true },
			     .k = k,
			     .room = draw(k, NAMES + 3) };
	uint32_t flags;
	uint64_t handle;

	assert_int_equal(
		k->w.fs->ops->opendir(k->w.fs, FUSE_ROOT_ID, &handle, &flags),
		0);
	assert_int_equal(k->w.fs->ops->readdir(k->w.fs, FUSE_ROOT_ID, handle, 0,
					       &l.sink),
			 0);
	k->w.fs->ops->releasedir(k->w.fs, FUSE_ROOT_ID, handle);
}

static void step(struct kernel *k)
{
	switch (draw(k, 10)) {
	case 0:
		create(k);
		break;
	case 1:
		discard(look_up(k, draw_name(k)));
		discard(k->w.fs->ops->unlink(k->w.fs, FUSE_ROOT_ID,
					     draw_name(k)));
		break;
	case 2:
		rename_or_link(k);
		break;
	case 3:
		list(k);
		break;
	case 4:
	case 5:
		open_or_close(k);
		break;
	case 6:
		if (k->late_count)
			deliver(k, draw(k, (uint32_t)k->late_count));
		break;
	case 7:
		change(k, &k->inodes[draw(k, INODES)]);
		break;
	default:
		evict(k, &k->inodes[draw(k, INODES)]);
		break;
	}
	/* Room for what the next step may bring. */
	while (count_if(k, is_free) < 2 * NAMES)
		evict(k, &k->inodes[draw(k, INODES)]);
}

static void check_held(struct kernel *k)
{
	for (size_t i = 0; i < INODES; i++) {
		const struct inode *inode = &k->inodes[i];
		struct fuse_attr attr;
		int r;

		if (!inode->id)
			continue;
		r = guest_stat(&k->w, inode->id, &attr);
		CHECK(!r && attr.size == inode->size,
		      "seed %d step %d: node %" PRIu64 ": %d, %" PRIu64
		      " bytes, not %" PRIu64,
		      k->seed, k->step, inode->id, r, (uint64_t)attr.size,
		      inode->size);
	}
}

static void test_what_is_held_is_there(void **state unused)
{
	for (int seed = 1; seed <= SEEDS; seed++) {
		struct kernel k = {
			.seed = seed,
			.random = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15),
		};

		world_init(&k.w);
		user_write(&k.w, "a", "of the user");
		user_write(&k.w, "b", "of the user, too");
		world_start(&k.w, /* read_only */ false, seed % 2 ? 0 : 4);
		for (k.step = 0; k.step < STEPS; k.step++) {
			step(&k);
			if (k.step % 16 == 0)
				check_held(&k);
			if (k.step % 500 == 0)
				discard(cow_trash_empty(k.w.cow));
		}
		world_check_replay(&k.w);
		world_release(&k.w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_held_is_there),
	};

	return RUN_TESTS(tests);
}
