// SPDX-License-Identifier: Apache-2.0
/*
 * modules.c - load the drivers that came in the initramfs.
 */
#include "guest/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strv.h"
#include "infra/sys/fd.h"

static int load_one(int dirfd, const char *name, struct err *err)
{
	auto_close int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open module '%s'", name);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return err_sys(err, errno, "load module '%s'", name);
	if (unlinkat(dirfd, name, 0) < 0)
		return err_sys(err, errno, "remove module '%s'", name);
	return 0;
}

int modules_load(const char *dir, struct err *err)
{
	auto_strv struct strv names = STRV_INIT;
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(err, errno, "open '%s'", dir);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] != '.')
			strv_add(&names, entry->d_name);
	}
	strv_sort(&names);
	for (size_t i = 0; !r && i < names.n; i++)
		r = load_one(dirfd(d), names.v[i], err);
	closedir(d);
	return r;
}
