// SPDX-License-Identifier: Apache-2.0
/*
 * stage.c - give a change content of its own.
 *
 * What the guest wrote stays as it is, so that a session that is kept has all
 * of it. A file is named by the hash of its content: what is there already is
 * the same.
 */
#include "infra/diff/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

#define CREATE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY)

static_assert(SHA256_HEX_SIZE == CHANGE_HASH_SIZE, "hash sizes differ");

static int make_name(const struct workspace_snapshot *s, int dir,
		     const char *hash, char **out, struct err *err)
{
	if (s->view == WORKSPACE_VIEW_COPY) {
		*out = xasprintf(STAGE_PREFIX "%s", hash);
		return 0;
	}
	if (mkdirat(dir, STAGE_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory '" STAGE_DIR "'");
	*out = xasprintf(STAGE_DIR "/%s", hash);
	return 0;
}

/* The guest of a copy may have put something there first. */
static int create(int dir, const char *name, struct err *err)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", name);
	return fd_open_no_symlinks(dir, name, CREATE_FLAGS, 0600, err);
}

int stage_content(const struct workspace_snapshot *s, struct change *change,
		  struct span content, struct err *err)
{
	auto_close int dir = fd_open_dir(s->path, err);
	auto_close int fd = -1;
	auto_free char *name = NULL;
	char hash[SHA256_HEX_SIZE];

	if (dir < 0)
		return -1;
	hash_sha256(content.p, content.len, hash);
	if (make_name(s, dir, hash, &name, err) < 0)
		return -1;
	fd = create(dir, name, err);
	if (fd < 0 || fd_write_all(fd, content.p, content.len, err) < 0)
		return err_wrap(err, "stage '%s'", change->path);
	free(change->source);
	change->source = take_ptr(name);
	change->source_root = CHANGE_FROM_SESSION;
	change->size = content.len;
	memcpy(change->hash, hash, CHANGE_HASH_SIZE);
	return 0;
}
