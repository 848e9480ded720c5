// SPDX-License-Identifier: Apache-2.0
/*
 * virtiofsd_args.c - how virtiofsd is called.
 */
#include "infra/vfs/virtiofsd_args.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * The -o list is split at commas and backslash quotes, as in libfuse's
 * fuse_opt.h: both characters are quoted.
 */
static char *quote(const char *path)
{
	char *out = xmalloc(2 * strlen(path) + 1), *p = out;

	for (; *path; path++) {
		if (*path == ',' || *path == '\\')
			*p++ = '\\';
		*p++ = *path;
	}
	*p = '\0';
	return out;
}

void virtiofsd_args_build(const struct virtiofsd_args *a, struct strv *out)
{
	auto_free char *source = quote(a->source);

	strv_add(out, a->binary);
	strv_add(out, "-f");
	strv_addf(out, "--fd=%d", a->listen_fd);
	/*
	 * Its own default is a million, which an ordinary user may not ask
	 * for; too few end a large checkout, as each file the guest knows
	 * costs one.
	 */
	strv_addf(out, "--rlimit-nofile=%" PRIu64, a->open_files_max);
	/* Requests are served in the queue's own thread: less latency. */
	strv_add(out, "--thread-pool-size=0");
	strv_add(out, "-o");
	strv_addf(out, "source=%s", source);
	/* pivot_root(2) into the share: no link leads out of it. */
	strv_add(out, "-o");
	strv_add(out, "sandbox=namespace");
	strv_add(out, "-o");
	strv_add(out, "cache=auto");
	strv_add(out, "-o");
	strv_add(out, "log_level=err");
}
