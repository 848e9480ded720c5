// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_dir.c - pack the entries of a directory into an answer.
 */
#include "infra/vfs/fuse_dir.h"

#include <limits.h>
#include <string.h>

static_assert(sizeof(struct fuse_dirent) == 24 &&
		      sizeof(struct fuse_direntplus) == 152,
	      "names follow the structs without a gap");

static bool is_dots(struct span name)
{
	return span_equals(name, ".") || span_equals(name, "..");
}

static bool dir_add(struct fs_dir_sink *sink, struct span name, uint32_t type,
		    uint64_t ino, uint64_t next_offset,
		    const struct fuse_entry_out *entry)
{
	struct fuse_dir *d = container_of(sink, struct fuse_dir, sink);
	const struct fuse_dirent head = { .ino = ino,
					  .off = next_offset,
					  .namelen = (uint32_t)name.len,
					  .type = type };
	size_t prefix = sink->plus ? sizeof(*entry) : 0;
	size_t len = prefix + sizeof(head) + name.len;
	size_t padded = FUSE_REC_ALIGN(len);
	char *at = d->buf + d->len;

	assert(sink->plus == (entry != NULL));
	/* The kernel would neither link such an entry nor ever forget it. */
	assert(!entry || !entry->nodeid || !is_dots(name));
	/* The whole listing would fail. Some host file systems have them. */
	if (!name.len || name.len > NAME_MAX) {
		assert(!entry || !entry->nodeid);
		return true;
	}
	/* Once full, a shorter entry behind must not overtake. */
	if (d->full || padded > d->size - d->len) {
		d->full = true;
		return false;
	}
	if (entry)
		memcpy(at, entry, sizeof(*entry));
	memcpy(at + prefix, &head, sizeof(head));
	memcpy(at + prefix + sizeof(head), name.p, name.len);
	memset(at + len, 0, padded - len);
	d->len += padded;
	return true;
}

void fuse_dir_init(struct fuse_dir *d, bool plus, void *buf, size_t size)
{
	*d = (struct fuse_dir){ .sink = { .add = dir_add, .plus = plus },
				.buf = buf,
				.size = size };
}
