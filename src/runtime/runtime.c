// SPDX-License-Identifier: Apache-2.0
/*
 * runtime.c - build the adapters in the order in which they need each other,
 * free them in reverse.
 */
#include "runtime/runtime.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/diff/differ.h"
#include "infra/diff/overlay_differ.h"
#include "infra/flush/flusher.h"
#include "infra/flush/settle.h"
#include "infra/flush/undo_dir.h"
#include "infra/git/git_view.h"
#include "infra/initramfs/initramfs_cache.h"
#include "infra/kernel/debian_kernel.h"
#include "infra/process/session_dir.h"
#include "infra/progress/term_progress.h"
#include "infra/progress/timings.h"
#include "infra/review/auto_reviewer.h"
#include "infra/review/terminal_reviewer.h"
#include "infra/ssh/ssh_runner.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/loop.h"
#include "infra/terminal/os_terminal.h"
#include "infra/vfs/fs_server.h"
#include "infra/vm/qemu_runner.h"
#include "infra/workspace/cloner.h"
#include "infra/workspace/kept_views.h"
#include "infra/workspace/lazy_view.h"
#include "infra/workspace/sentinel.h"

#define SUMMARY_MAX ((size_t)64 * 1024) /* bytes */

struct runtime {
	const struct xdg_dirs *dirs; /* borrowed */
	struct log *log;	     /* borrowed */
	struct loop *loop;
	struct term_progress *progress;
	struct timings *timings; /* NULL unless asked for */
	struct os_terminal *terminal;
	struct file_server *files;
	enum workspace_view view;
	bool review;
	struct sandbox_deps deps;
	struct session_store *kept;
	char *undo_dir; /* owned */
	struct undo_store *undo;
};

const char *runtime_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* "" makes a search of $PATH find nothing, which is what an unset one means. */
static const char *path_var(void)
{
	const char *path = runtime_env("PATH");

	return path ? path : "";
}

static int make_progress(struct runtime *rt, const struct runtime_config *cfg,
			 struct err *err)
{
	const struct term_progress_options options =
		term_progress_options_for(STDERR_FILENO);

	if (term_progress_new(rt->loop, &options, &rt->progress, err) < 0)
		return -1;
	rt->deps.progress = term_progress_base(rt->progress);
	if (cfg->timings) {
		rt->timings = timings_new(rt->deps.progress, clock_now_ns);
		rt->deps.progress = timings_base(rt->timings);
	}
	return 0;
}

static void make_boot_sources(struct runtime *rt,
			      const struct runtime_config *cfg)
{
	const struct oci_store_config store = {
		.cache_dir = cfg->dirs->cache,
		.recipes = cfg->recipes,
		.recipe_count = cfg->recipe_count,
		.path_var = path_var(),
		.envp = (const char *const *)environ,
		.loop = rt->loop,
		.log = cfg->log,
	};
	const struct debian_kernel_config kernel = {
		.cache_dir = cfg->dirs->cache,
		.deb_path = runtime_env("BBOX_KERNEL_DEB"),
		.never_fetch = cfg->never_fetch,
		.path_var = path_var(),
		.envp = (const char *const *)environ,
		.loop = rt->loop,
		.log = cfg->log,
	};
	const struct initramfs_cache_config initramfs = {
		.cache_dir = cfg->dirs->cache,
		.init = cfg->init,
		.init_id = cfg->init_id,
	};

	rt->deps.images = oci_store_new(&store);
	rt->deps.kernels = debian_kernel_new(&kernel);
	rt->deps.initramfs = initramfs_cache_new(&initramfs);
}

static void make_vm(struct runtime *rt, const struct runtime_config *cfg)
{
	const struct fs_server_config files = { .loop = rt->loop,
						.log = cfg->log };
	struct qemu_runner_config runner = {
		.loop = rt->loop,
		.progress = rt->deps.progress,
		.log = cfg->log,
		.path_var = path_var(),
	};
	struct ssh_runner_config sessions = {
		.loop = rt->loop,
		.log = cfg->log,
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.term_name = runtime_env("TERM"),
	};

	fs_server_new(&files, &rt->files);
	runner.file_server = rt->files;
	rt->deps.runner = qemu_runner_new(&runner);
	rt->terminal = os_terminal_new(STDIN_FILENO, STDOUT_FILENO);
	sessions.terminal = os_terminal_base(rt->terminal);
	rt->deps.sessions = ssh_runner_new(&sessions);
}

static int make_copies(struct runtime *rt, const struct runtime_config *cfg,
		       struct err *err)
{
	const struct cloner_config cloner = { .cache_dir = cfg->dirs->cache,
					      .log = cfg->log,
					      .progress = rt->deps.progress,
					      .loop = rt->loop,
					      .reflink_only =
						      cfg->reflink_only };
	const struct differ_config differ = { .log = cfg->log,
					      .progress = rt->deps.progress };

	if (differ_new(&differ, &rt->deps.differ, err) < 0)
		return -1;
	rt->deps.cloner = cloner_new(&cloner);
	return 0;
}

static int make_lazy(struct runtime *rt, const struct runtime_config *cfg,
		     struct err *err)
{
	const struct lazy_view_config lazy = { .cache_dir = cfg->dirs->cache,
					       .log = cfg->log };
	const struct differ_config differ = { .log = cfg->log,
					      .progress = rt->deps.progress };

	if (overlay_differ_new(&differ, &rt->deps.differ, err) < 0)
		return -1;
	rt->deps.cloner = lazy_view_new(&lazy);
	return 0;
}

/* One row for each enum workspace_view. */
static const struct view_row {
	/* Sets the cloner and the differ. */
	int (*make)(struct runtime *rt, const struct runtime_config *cfg,
		    struct err *err);
	/* Both accept NULL. */
	void (*free_cloner)(struct workspace_cloner *cloner);
	void (*free_differ)(struct workspace_differ *differ);
} views[] = {
	[WORKSPACE_VIEW_COPY] = { make_copies, cloner_free, differ_free },
	[WORKSPACE_VIEW_LAZY] = { make_lazy, lazy_view_free,
				  overlay_differ_free },
};
static_assert(ARRAY_SIZE(views) == WORKSPACE_VIEW_COUNT,
	      "views[] and enum workspace_view differ");

static int make_workspace(struct runtime *rt, const struct runtime_config *cfg,
			  struct err *err)
{
	const struct flusher_config flusher = { .log = cfg->log,
						.progress = rt->deps.progress,
						.undo_dir = rt->undo_dir };
	const struct auto_reviewer_config automatic = {
		.log = cfg->log,
		.out_fd = STDERR_FILENO,
	};
	const struct git_view_config git = {
		.log = cfg->log,
		.progress = rt->deps.progress,
		.review = cfg->review,
	};
	struct terminal_reviewer_config asking = {
		.log = cfg->log,
		.loop = rt->loop,
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.no_color = runtime_env("NO_COLOR") != NULL,
	};

	if (views[rt->view].make(rt, cfg, err) < 0 ||
	    git_view_new(&git, &rt->deps.git, err) < 0)
		return -1;
	asking.differ = rt->deps.differ;
	rt->deps.flusher = flusher_new(&flusher);
	rt->review = cfg->review;
	rt->deps.reviewer = cfg->review ? terminal_reviewer_new(&asking)
					: auto_reviewer_new(&automatic);
	return 0;
}

static int make_all(struct runtime *rt, const struct runtime_config *cfg,
		    struct err *err)
{
	/* Whoever cannot keep a cache is told so before anything starts. */
	if (fs_mkdir_all(cfg->dirs->cache, 0700, err) < 0)
		return err_wrap(err, "cache directory (set XDG_CACHE_HOME to a "
				     "writable place)");
	if (loop_new(&rt->loop, err) < 0 ||
	    loop_catch_signals(rt->loop, err) < 0 ||
	    make_progress(rt, cfg, err) < 0)
		return -1;
	make_boot_sources(rt, cfg);
	make_vm(rt, cfg);
	return make_workspace(rt, cfg, err);
}

int runtime_new(const struct runtime_config *cfg, struct runtime **out,
		struct err *err)
{
	struct runtime *rt = xcalloc(1, sizeof(*rt));

	rt->dirs = cfg->dirs;
	rt->log = cfg->log;
	rt->deps.log = cfg->log;
	rt->view = cfg->view;
	rt->undo_dir = xasprintf("%s/" UNDO_DIR_NAME, cfg->dirs->state);
	rt->undo = undo_dir_new(rt->undo_dir, cfg->log);
	rt->kept = kept_views_new(cfg->dirs->cache, cfg->log);
	if (make_all(rt, cfg, err) < 0) {
		runtime_free(rt);
		return -1;
	}
	*out = rt;
	return 0;
}

void runtime_free(struct runtime *rt)
{
	if (rt->review)
		terminal_reviewer_free(rt->deps.reviewer);
	else
		auto_reviewer_free(rt->deps.reviewer);
	flusher_free(rt->deps.flusher);
	git_view_free(rt->deps.git);
	views[rt->view].free_cloner(rt->deps.cloner);
	views[rt->view].free_differ(rt->deps.differ);
	ssh_runner_free(rt->deps.sessions);
	os_terminal_free(rt->terminal);
	qemu_runner_free(rt->deps.runner);
	fs_server_free(rt->files);
	initramfs_cache_free(rt->deps.initramfs);
	debian_kernel_free(rt->deps.kernels);
	oci_store_free(rt->deps.images);
	timings_free(rt->timings);
	term_progress_free(rt->progress);
	loop_free(rt->loop);
	kept_views_free(rt->kept);
	undo_dir_free(rt->undo);
	free(rt->undo_dir);
	free(rt);
}

const struct sandbox_deps *runtime_deps(struct runtime *rt)
{
	return &rt->deps;
}

struct recover_deps runtime_recover_deps(struct runtime *rt)
{
	assert(rt->view == WORKSPACE_VIEW_LAZY);
	return (struct recover_deps){
		.sessions = rt->kept,
		.back = {
			.differ = rt->deps.differ,
			.reviewer = rt->deps.reviewer,
			.flusher = rt->deps.flusher,
			.git = rt->deps.git,
			.progress = rt->deps.progress,
		},
		.log = rt->log,
	};
}

struct undo_deps runtime_undo_deps(struct runtime *rt)
{
	return (struct undo_deps){
		.store = rt->undo,
		.flusher = rt->deps.flusher,
		.progress = rt->deps.progress,
	};
}

size_t runtime_sweep(struct runtime *rt)
{
	auto_free char *vms = xasprintf("%s/vms", rt->dirs->config);
	const struct sweep_config sweep = {
		.cache_dir = rt->dirs->cache,
		.log = rt->log,
		.progress = rt->deps.progress,
		.settle = settle_journal,
	};

	session_dir_sweep(vms);
	undo_dir_sweep(rt->undo_dir, rt->deps.progress, rt->log);
	return workspace_sweep(&sweep);
}

void runtime_print_timings(struct runtime *rt)
{
	auto_buf struct buf text = BUF_INIT(SUMMARY_MAX);

	/* It is the last thing said; nobody could be told of a failure. */
	if (rt->timings &&
	    timings_add_summary(rt->timings, &text, ERR_IGNORE) == 0)
		discard(fd_write_all(STDERR_FILENO, text.data, text.len,
				     ERR_IGNORE));
}
