// SPDX-License-Identifier: Apache-2.0
/*
 * direct_ack.c - look for the acknowledgement of direct mode, and leave it.
 */
#include "infra/workspace/direct_ack.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "infra/sys/fs.h"

#define DIR_MODE  0700
#define FILE_MODE 0600

static const char text[] = "direct-mode acknowledged\n";

int direct_ack_find(const char *state_dir, bool *out, struct err *err)
{
	auto_free char *path = xasprintf("%s/" DIRECT_ACK_FILE, state_dir);
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return err_sys(err, errno, "examine '%s'", path);
		*out = false;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a file", path);
	*out = true;
	return 0;
}

int direct_ack_store(const char *state_dir, struct err *err)
{
	auto_free char *path = xasprintf("%s/" DIRECT_ACK_FILE, state_dir);

	if (fs_mkdir_all(state_dir, DIR_MODE, err) < 0)
		return -1;
	return fs_replace_file(path, text, strlen(text), FILE_MODE, err);
}
