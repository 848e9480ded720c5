// SPDX-License-Identifier: Apache-2.0
/*
 * fs_bench.c - one VM that has the same tree from several file servers, and a
 * script that works on all of them.
 *
 * usage: fs-bench INIT RECIPE STATE-DIR SCRIPT SERVER=DIR...
 *
 * INIT is the guest's PID 1, RECIPE that of the image "base", STATE-DIR an
 * empty directory, SCRIPT runs in the guest with sh. SERVER is "bbox"
 * (copy-on-write), "qemu" (QEMU's virtiofsd), or the path of another virtiofsd;
 * its DIR appears below /mnt under the server's file name. The session uses the
 * caches and the image "base" of an installed bbox.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/snapshot/exclude.h"
#include "fs_peer.h"
#include "infra/initramfs/initramfs_cache.h"
#include "infra/kernel/debian_kernel.h"
#include "infra/logging/logging.h"
#include "infra/oci/store.h"
#include "infra/progress/term_progress.h"
#include "infra/ssh/ssh_runner.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/loop.h"
#include "infra/sys/xdg.h"
#include "infra/terminal/os_terminal.h"
#include "infra/vfs/fs_helper.h"
#include "infra/vfs/fs_server.h"
#include "infra/vm/qemu_runner.h"

#define INIT_MAX   ((size_t)64 * 1024 * 1024)
#define SCRIPT_MAX ((size_t)64 * 1024)
#define MEM_MIB	   2048

/* Chooses by the tag, which is the name of the server. */
struct choice {
	struct file_server base;
	struct file_server *bbox, *qemu, *peer;
};

static int choice_serve(struct file_server *base, const struct vm_share *share,
			struct file_share **out, struct err *err)
{
	struct choice *c = container_of(base, struct choice, base);
	struct file_server *by = !strcmp(share->tag, "bbox")   ? c->bbox
				 : !strcmp(share->tag, "qemu") ? c->qemu
							       : c->peer;

	return file_server_serve(by, share, out, err);
}

static const struct file_server_ops choice_ops = { .serve = choice_serve };

/* Everything of a session that the benchmark does not look at. */
struct setup {
	struct xdg_dirs dirs;
	struct loop *loop;
	struct file_log *log;
	struct term_progress *progress;
	struct os_terminal *terminal;
	struct buf init, recipe, script;
	struct choice choice;
	struct image image;
	struct kernel kernel;
	char *initramfs;
	struct session_keys keys;
	struct vm_share shares[VM_SHARES_MAX];
	size_t share_count;
};

static int find_parts(struct setup *s, struct err *err)
{
	struct log *log = file_log_base(s->log);
	struct progress *progress = term_progress_base(s->progress);
	const struct oci_recipe base = { .name = "base",
					 .yaml = buf_span(&s->recipe) };
	struct image_store *images = oci_store_new(&(struct oci_store_config){
		.cache_dir = s->dirs.cache,
		.recipes = &base,
		.recipe_count = 1,
		.envp = (const char *const *)environ,
		.path_var = "",
		.loop = s->loop,
		.log = log });
	struct kernel_source *kernels =
		debian_kernel_new(&(struct debian_kernel_config){
			.cache_dir = s->dirs.cache,
			.envp = (const char *const *)environ,
			.path_var = "",
			.never_fetch = true,
			.loop = s->loop,
			.log = log });
	struct initramfs_builder *initramfs = initramfs_cache_new(
		&(struct initramfs_cache_config){ .cache_dir = s->dirs.cache,
						  .init = buf_span(&s->init),
						  .init_id = "bench" });
	int r = 0;

	if (image_store_resolve(images, "base", progress, &s->image, err) < 0 ||
	    kernel_source_get(kernels, progress, &s->kernel, err) < 0 ||
	    initramfs_builder_build(initramfs, &s->kernel, &s->initramfs, err) <
		    0)
		r = -1;
	initramfs_cache_free(initramfs);
	debian_kernel_free(kernels);
	oci_store_free(images);
	return r;
}

static int add_share(struct setup *s, const char *state_dir, char *arg,
		     struct err *err)
{
	struct vm_share *share = &s->shares[s->share_count];
	char *equals = strrchr(arg, '=');
	const char *slash;

	if (!equals || s->share_count == VM_SHARES_MAX)
		return err_set(err, ERR_USAGE, "bad server '%s'", arg);
	*equals = '\0';
	slash = strrchr(arg, '/');
	share->tag = slash ? slash + 1 : arg;
	share->path = equals + 1;
	share->mount_at = xasprintf("/mnt/%s", share->tag);
	share->mode = VM_SHARE_RW;
	if (!strcmp(share->tag, "bbox")) {
		share->mode = VM_SHARE_COW;
		share->state_dir = state_dir;
	}
	if (slash)
		s->choice.peer = fs_peer_new(arg);
	s->share_count++;
	return 0;
}

static int run(struct setup *s, const char *state_dir, struct err *err)
{
	struct log *log = file_log_base(s->log);
	struct session_runner *sessions =
		ssh_runner_new(&(struct ssh_runner_config){
			.loop = s->loop,
			.terminal = os_terminal_base(s->terminal),
			.log = log,
			.in_fd = -1,
			.out_fd = STDOUT_FILENO,
			.err_fd = STDERR_FILENO });
	struct vm_runner *runner = qemu_runner_new(&(struct qemu_runner_config){
		.loop = s->loop,
		.file_server = &s->choice.base,
		.log = log,
		.progress = term_progress_base(s->progress) });
	struct vm_config cfg = {
		.name = "bench",
		.data_dir = state_dir,
		.image = &s->image,
		.kernel = &s->kernel,
		.initramfs_path = s->initramfs,
		.cpus = 2,
		.mem_mib = MEM_MIB,
		.hostname = "bench",
		.shares = s->shares,
		.share_count = s->share_count,
		.env = "",
	};
	struct session_result result = { .exit_code = 1 };
	struct vm *vm = NULL;
	int r = session_runner_make_keys(sessions, &s->keys, err);

	cfg.authorized_key = s->keys.client_public;
	cfg.host_key = s->keys.host_private;
	if (r == 0)
		r = vm_runner_start(runner, &cfg, &vm, err);
	if (r == 0)
		r = session_runner_attach(
			sessions, vm, &s->keys,
			&(struct session_request){ .command = s->script.data },
			&result, err);
	if (r == 0 && result.exit_code)
		r = err_set(err, ERR_INVALID, "the script ended with %d",
			    result.exit_code);
	if (vm && vm_stop(vm, ERR_IGNORE) < 0)
		r = -1;
	vm_free(vm);
	qemu_runner_free(runner);
	ssh_runner_free(sessions);
	return r;
}

static int set_up(struct setup *s, const char *state_dir, struct err *err)
{
	auto_free char *log_path = xasprintf("%s/log", state_dir);
	const struct term_progress_options options =
		term_progress_options_for(STDERR_FILENO);

	if (xdg_dirs_find(&s->dirs, err) < 0 || loop_new(&s->loop, err) < 0 ||
	    loop_catch_signals(s->loop, err) < 0 ||
	    file_log_open(log_path, "bench", /* debug */ true, &s->log, err) <
		    0 ||
	    term_progress_new(s->loop, &options, &s->progress, err) < 0)
		return -1;
	s->terminal = os_terminal_new(-1, -1);
	s->choice.base.ops = &choice_ops;
	s->choice.qemu = fs_peer_new(NULL);
	fs_server_new(
		&(struct fs_server_config){ .log = file_log_base(s->log) },
		&s->choice.bbox);
	return 0;
}

int main(int argc, char **argv)
{
	struct setup s = { .init = BUF_INIT(INIT_MAX),
			   .recipe = BUF_INIT(SCRIPT_MAX),
			   .script = BUF_INIT(SCRIPT_MAX) };
	struct err err = ERR_INIT;
	int r;

	if (!strcmp(argv[0], FS_HELPER_NAME))
		return fs_helper_main(argc, argv);
	if (argc < 6) {
		fprintf(stderr, "usage: fs-bench INIT RECIPE STATE-DIR SCRIPT "
				"SERVER=DIR...\n");
		return 2;
	}
	r = set_up(&s, argv[3], &err);
	if (r == 0 && (fs_read_file(argv[1], &s.init, &err) < 0 ||
		       fs_read_file(argv[2], &s.recipe, &err) < 0 ||
		       fs_read_file(argv[4], &s.script, &err) < 0 ||
		       find_parts(&s, &err) < 0))
		r = -1;
	for (int i = 5; r == 0 && i < argc; i++)
		r = add_share(&s, argv[3], argv[i], &err);
	if (r == 0)
		r = run(&s, argv[3], &err);
	if (r < 0)
		fprintf(stderr, "fs-bench: %s\n", err.msg);
	return r < 0;
}
