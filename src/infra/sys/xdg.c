// SPDX-License-Identifier: Apache-2.0
/*
 * xdg.c - find the user's directories from the environment.
 */
#include "infra/sys/xdg.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define APP_DIR "broodbox"
/* A passwd entry beyond this is refused, bytes. */
#define PASSWD_SIZE_MAX ((size_t)64 * 1024)

/* $HOME when it is absolute, else the passwd entry's directory. */
static char *find_home(void)
{
	const char *home = getenv("HOME");
	struct passwd pw, *found = NULL;
	auto_free char *text = NULL;

	if (home && home[0] == '/')
		return xstrdup(home);
	text = xmalloc(PASSWD_SIZE_MAX);
	if (getpwuid_r(geteuid(), &pw, text, PASSWD_SIZE_MAX, &found) ||
	    !found || pw.pw_dir[0] != '/')
		return NULL;
	return xstrdup(pw.pw_dir);
}

static char *find_dir(const char *variable, const char *home,
		      const char *fallback)
{
	const char *dir = getenv(variable);

	/* "If an implementation encounters a relative path ... ignore it." */
	if (dir && dir[0] == '/')
		return xasprintf("%s/%s", dir, APP_DIR);
	return xasprintf("%s/%s/%s", home, fallback, APP_DIR);
}

int xdg_dirs_find(struct xdg_dirs *out, struct err *err)
{
	char *home = find_home();

	if (!home)
		return err_set(err, ERR_NOT_FOUND,
			       "no home directory: set HOME");
	out->home = home;
	out->config = find_dir("XDG_CONFIG_HOME", home, ".config");
	out->state = find_dir("XDG_STATE_HOME", home, ".local/state");
	out->cache = find_dir("XDG_CACHE_HOME", home, ".cache");
	return 0;
}

void xdg_dirs_release(struct xdg_dirs *d)
{
	free(d->home);
	free(d->config);
	free(d->state);
	free(d->cache);
	*d = XDG_DIRS_INIT;
}
