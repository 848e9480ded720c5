// SPDX-License-Identifier: Apache-2.0
/*
 * debian_kernel.c - give the pinned guest kernel, fetched when not cached.
 */
#include "infra/kernel/debian_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/kernel/kernel_fetch.h"
#include "infra/kernel/kernel_store.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define LOCK_RETRY_NS INT64_C(250000000)

struct debian_kernel {
	struct kernel_source base;
	struct debian_kernel_config config;
};

/* What one call works with. */
struct getting {
	const struct debian_kernel_config *config;
	struct progress *progress;
	const struct kernel_pin *pin;
	const char *root;
	int rootfd;
};

/* Another bbox may be fetching it; that takes as long as it takes. */
static int take_lock(const struct getting *g, struct err *err)
{
	static const bool never;
	auto_free char *path = xasprintf("%s/%s", g->root, KERNEL_STORE_LOCK);
	bool told = false;

	for (;;) {
		struct err cause = ERR_INIT;
		int fd = fs_lock(path, 0, &cause);

		if (fd >= 0)
			return fd;
		if (cause.kind == ERR_TIMEOUT) {
			if (!told)
				progress_info(g->progress,
					      "Waiting for another bbox "
					      "that fetches the kernel");
			told = true;
			/* Fails always: by the time, or by cancellation. */
			discard(loop_run(g->config->loop, &never,
					 clock_now_ns() + LOCK_RETRY_NS,
					 &cause));
		}
		if (cause.kind != ERR_TIMEOUT) {
			*err = cause;
			return -1;
		}
	}
}

static int open_package(const char *path, struct err *err)
{
	/* Not blocking on a FIFO; what is no file is refused later. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, errno, "open the package");
	return fd;
}

static int put_file(const struct getting *g, const char *temp, const char *path,
		    const char *source, struct err *err)
{
	auto_close int fd = open_package(path, err);

	if (fd < 0)
		return -1;
	progress_info(g->progress, "Unpacking guest kernel %s",
		      g->pin->release);
	return kernel_store_put(g->rootfd, temp, fd, source, g->pin,
				g->config->log, err);
}

static int put_given(const struct getting *g, const char *temp, struct err *err)
{
	const char *path = g->config->deb_path;

	if (put_file(g, temp, path, KERNEL_SOURCE_FILE, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static int put_fetched(const struct getting *g, const char *temp,
		       const char *temp_path, struct err *err)
{
	auto_free char *dir = xasprintf("%s/apt", temp_path);
	auto_free char *path = NULL;
	const struct kernel_fetch fetch = {
		.loop = g->config->loop,
		.progress = g->progress,
		.envp = g->config->envp,
		.path_var = g->config->path_var,
		.dir = dir,
	};

	if (g->config->never_fetch)
		return err_set(err, ERR_NOT_FOUND,
			       "not cached, and downloading is switched off");
	if (fs_mkdir_all(dir, 0700, err) < 0 ||
	    kernel_fetch_apt(&fetch, g->pin, &path, err) < 0)
		return -1;
	return put_file(g, temp, path, KERNEL_SOURCE_APT, err);
}

static int obtain(const struct getting *g, struct err *err)
{
	const char *given = g->config->deb_path;
	auto_free char *temp_path = NULL;
	const char *temp;
	int r;

	progress_start(g->progress, "Fetching guest kernel...");
	if (fs_make_temp_dir(g->root, KERNEL_STORE_TEMP, &temp_path, err) < 0)
		return -1;
	temp = temp_path + strlen(g->root) + 1;
	if (given && *given)
		r = put_given(g, temp, err);
	else
		r = put_fetched(g, temp, temp_path, err);
	/* What is left there goes with the next prune. */
	discard(fs_remove_tree_at(g->rootfd, temp, ERR_IGNORE));
	if (r < 0) {
		progress_fail(g->progress, "Failed to fetch guest kernel");
		return -1;
	}
	progress_done(g->progress, "Fetched guest kernel %s", g->pin->release);
	return 0;
}

/* Behind the cause, for the user: which package, and what to do. */
static void add_remedy(const struct getting *g, struct err *err)
{
	size_t len = strlen(err->msg);
	const char *given = g->config->deb_path;

	if (err->kind == ERR_CANCELLED)
		return;
	/* A message that is too long loses the remedy, not the cause. */
	if (given && *given)
		(void)snprintf(err->msg + len, sizeof(err->msg) - len,
			       "; BBOX_KERNEL_DEB must name the Debian "
			       "package %s %s (%s)",
			       g->pin->package, g->pin->version, g->pin->arch);
	else
		(void)snprintf(err->msg + len, sizeof(err->msg) - len,
			       "; or download that Debian package (%s) "
			       "yourself and set BBOX_KERNEL_DEB to its path",
			       g->pin->arch);
}

static int get_locked(const struct getting *g, struct kernel *out,
		      struct err *err)
{
	auto_close int lock_fd = take_lock(g, err);

	if (lock_fd < 0)
		return -1;
	/* Somebody may have put it there meanwhile. */
	if (kernel_store_find(g->rootfd, g->root, true, g->pin, out))
		return 0;
	if (obtain(g, err) < 0) {
		err_wrap(err, "guest kernel %s %s", g->pin->package,
			 g->pin->version);
		add_remedy(g, err);
		return -1;
	}
	if (!kernel_store_find(g->rootfd, g->root, true, g->pin, out))
		return err_set(err, ERR_CONFLICT,
			       "guest kernel: '%s' changes by itself", g->root);
	kernel_store_prune(g->rootfd, g->pin);
	return 0;
}

static int get(struct kernel_source *s, struct progress *progress,
	       struct kernel *out, struct err *err)
{
	const struct debian_kernel_config *config =
		&container_of(s, struct debian_kernel, base)->config;
	const char *arch = kernel_pin_host_arch();
	auto_free char *root = xasprintf("%s/firmware", config->cache_dir);
	struct getting g = {
		.config = config,
		.progress = progress,
		.pin = kernel_pin_find(arch),
		.root = root,
	};
	auto_close int rootfd = -1;

	if (!g.pin)
		return err_set(err, ERR_UNSUPPORTED,
			       "no guest kernel is known for this machine's "
			       "architecture '%s'",
			       arch);
	rootfd = kernel_store_open(root, err);
	if (rootfd < 0)
		return err_wrap(err, "guest kernel");
	g.rootfd = rootfd;
	if (kernel_store_find(rootfd, root, false, g.pin, out))
		return 0;
	return get_locked(&g, out, err);
}

static const struct kernel_source_ops debian_kernel_ops = { .get = get };

struct kernel_source *
debian_kernel_new(const struct debian_kernel_config *config)
{
	struct debian_kernel *k = xcalloc(1, sizeof(*k));

	k->base.ops = &debian_kernel_ops;
	k->config = *config;
	return &k->base;
}

void debian_kernel_free(struct kernel_source *s)
{
	if (s)
		free(container_of(s, struct debian_kernel, base));
}
