// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_init.c - agree with the guest's kernel on how to speak FUSE.
 *
 * Theory of operation
 *
 * Asked for, where the kernel offers it:
 *   NO_OPEN_SUPPORT     files need no handle: OPEN is answered with ENOSYS
 *                       once, and never asked again
 *   HANDLE_KILLPRIV_V2  we drop set-id bits: the kernel need not ask for the
 *                       file's capabilities before each write
 *   DO_READDIRPLUS, READDIRPLUS_AUTO, PARALLEL_DIROPS, ASYNC_READ, MAX_PAGES,
 *   BIG_WRITES, CACHE_SYMLINKS  fewer and larger requests, more of them at a
 * time SETXATTR_EXT, INIT_EXT  longer structs
 *
 * Left out on purpose:
 *   WRITEBACK_CACHE     data is with us when write(2) returns
 *   AUTO_INVAL_DATA     a file that changes under us becomes another node;
 *                       added where it does not, see fuse_server_config
 *   ATOMIC_O_TRUNC      there is no OPEN that could do it
 *   DONT_MASK           the kernel applies the umask itself
 *   POSIX_LOCKS, FLOCK_LOCKS  only one kernel sees the files: it knows best
 *   POSIX_ACL, SECURITY_CTX   nothing the workspace could keep
 *   EXPORT_SUPPORT      names never are "." or ".."
 */
#include "infra/vfs/fuse_init.h"

#include <errno.h>

#define MAX_BACKGROUND	     64U
#define CONGESTION_THRESHOLD 48U
#define TIME_GRANULARITY     1U /* nanoseconds */

/* The upper half is flags2. */
#define FLAGS_WANTED                                                           \
	((uint64_t)FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS |   \
	 FUSE_READDIRPLUS_AUTO | FUSE_NO_OPEN_SUPPORT | FUSE_PARALLEL_DIROPS | \
	 FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS | FUSE_HANDLE_KILLPRIV_V2 |      \
	 FUSE_SETXATTR_EXT | FUSE_INIT_EXT)

static_assert(FUSE_KERNEL_VERSION == 7 &&
		      FUSE_KERNEL_MINOR_VERSION >= FUSE_MINOR_MAX,
	      "the structs are those of <linux/fuse.h>");
static_assert(sizeof(struct fuse_init_out) == 64, "FUSE 7.23 and later");

static uint64_t flags_offered(const struct fuse_init_in *in)
{
	uint64_t flags = in->flags;

	/* Without it the place of flags2 holds nothing. */
	if (flags & FUSE_INIT_EXT)
		flags |= (uint64_t)in->flags2 << 32;
	return flags;
}

int fuse_init_agree(const struct fuse_init_in *in, struct fuse_init_out *out,
		    struct fuse_session *session)
{
	uint64_t flags = flags_offered(in) & FLAGS_WANTED;

	*session = (struct fuse_session){ .ready = false };
	if (in->major < FUSE_KERNEL_VERSION ||
	    (in->major == FUSE_KERNEL_VERSION && in->minor < FUSE_MINOR_MIN))
		return -EPROTO;
	*out = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
				       .minor = FUSE_MINOR_MAX };
	/* "... and expect a new INIT message with a matching major version" */
	if (in->major > FUSE_KERNEL_VERSION)
		return 0;
	if (in->minor < FUSE_MINOR_MAX)
		out->minor = in->minor;
	out->max_readahead = in->max_readahead < FUSE_DATA_MAX
				     ? in->max_readahead
				     : FUSE_DATA_MAX;
	out->flags = (uint32_t)flags;
	out->flags2 = (uint32_t)(flags >> 32);
	out->max_background = MAX_BACKGROUND;
	out->congestion_threshold = CONGESTION_THRESHOLD;
	out->max_write = FUSE_DATA_MAX;
	out->max_pages = FUSE_MAX_PAGES_OUR;
	out->time_gran = TIME_GRANULARITY;
	*session = (struct fuse_session){
		.ready = true,
		.minor = out->minor,
		.setxattr_ext = flags & FUSE_SETXATTR_EXT,
	};
	return 0;
}
