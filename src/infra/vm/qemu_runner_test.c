// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_runner_test.c - what is refused before and right after QEMU starts.
 *
 * Real guests are booted by the end-to-end tests; here QEMU is a small tool of
 * the system that ends at once.
 */
#include "infra/vm/qemu_runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fs.h"
#include "infra/vm/qemu_accel.h"
#include "support/check.h"

static struct log no_log = LOG_DISCARD;

struct fake_progress {
	struct progress base;
	unsigned int warnings;
};

static void fake_event(struct progress *p, enum progress_event event,
		       const char *msg unused)
{
	if (event == PROGRESS_WARN)
		container_of(p, struct fake_progress, base)->warnings++;
}

static const struct progress_ops fake_progress_ops = { .event = fake_event };

struct fake_share {
	struct file_share base;
	unsigned int *alive; /* borrowed */
};

static void fake_stop(struct file_share *base)
{
	struct fake_share *s = container_of(base, struct fake_share, base);

	(*s->alive)--;
	close(s->base.vhost_fd);
	free(s);
}

static const struct file_share_ops fake_share_ops = { .stop = fake_stop };

struct fake_server {
	struct file_server base;
	unsigned int served, alive, fail_at; /* 0: never */
};

static int fake_serve(struct file_server *base, const struct vm_share *share,
		      struct file_share **out, struct err *err)
{
	struct fake_server *f = container_of(base, struct fake_server, base);
	struct fake_share *s;

	if (++f->served == f->fail_at)
		return err_set(err, ERR_UNSUPPORTED, "cannot serve '%s'",
			       share->tag);
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &fake_share_ops;
	s->base.vhost_fd = dup(STDERR_FILENO);
	s->alive = &f->alive;
	f->alive++;
	*out = &s->base;
	return 0;
}

static const struct file_server_ops fake_server_ops = { .serve = fake_serve };

struct fixture {
	struct loop *loop;
	struct fake_progress progress;
	struct fake_server server;
	struct vm_runner *runner;
	struct image image;
	struct kernel kernel;
	struct vm_share shares[2];
	struct vm_config cfg;
	char *dir, *initramfs; /* owned */
};

static void set_up(struct fixture *f, const char *binary)
{
	static char layer[] = "/layer", vmlinux[] = "/vmlinux";
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	*f = (struct fixture){
		.progress.base.ops = &fake_progress_ops,
		.server.base.ops = &fake_server_ops,
		.image = { .layer_count = 1, .layers[0].path = layer },
		.kernel.image_path = vmlinux,
		.shares = { { .tag = "one", .path = "/a" },
			    { .tag = "two", .path = "/b" } },
	};
	CHECK_OK(loop_new(&f->loop, &err), &err);
	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "runner-", &f->dir, &err),
		 &err);
	f->initramfs = xasprintf("%s/initramfs", f->dir);
	CHECK_OK(fs_replace_file(f->initramfs, "0707", 4, 0600, &err), &err);
	f->cfg = (struct vm_config){
		.name = "box",
		.data_dir = f->dir,
		.image = &f->image,
		.kernel = &f->kernel,
		.initramfs_path = f->initramfs,
		.cpus = 1,
		.mem_mib = 512,
		.accel = VM_ACCEL_TCG,
		.hostname = "box",
		.shares = f->shares,
		.share_count = 2,
		.env = "",
		.authorized_key = "k",
		.host_key = "h",
	};
	f->runner = qemu_runner_new(&(struct qemu_runner_config){
		.loop = f->loop,
		.file_server = &f->server.base,
		.log = &no_log,
		.progress = &f->progress.base,
		.path_var = getenv("PATH"),
		.binary = binary,
	});
}

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0;
}

static void tear_down(struct fixture *f)
{
	struct err err = ERR_INIT;

	CHECK(f->server.alive == 0, "%u shares left", f->server.alive);
	CHECK(!has_children(), "a process is left");
	qemu_runner_free(f->runner);
	loop_free(f->loop);
	CHECK_OK(fs_remove_tree(f->dir, &err), &err);
	free(f->initramfs);
	free(f->dir);
}

static void test_missing_qemu_names_the_remedy(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	struct fixture f;

	set_up(&f, "/nonexistent/qemu");
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_NOT_FOUND, "QEMU '/nonexistent/qemu' not found");
	assert_null(vm);
	CHECK(f.server.served == 0, "shares were started");
	tear_down(&f);
}

static void test_bad_config_starts_nothing(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	struct fixture f;

	set_up(&f, "/bin/false");
	f.cfg.cpus = 0;
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_LIMIT, "cpus");
	CHECK(f.server.served == 0, "shares were started");
	tear_down(&f);
}

static void test_failed_share_ends_the_others(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	struct fixture f;

	set_up(&f, "/bin/false");
	f.server.fail_at = 2;
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_UNSUPPORTED, "cannot serve 'two'");
	assert_null(vm);
	tear_down(&f);
}

static void test_missing_initramfs_ends_the_shares(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	struct fixture f;

	set_up(&f, "/bin/false");
	f.cfg.initramfs_path = "/nonexistent/initramfs";
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_NOT_FOUND,
		    "build session archive: open "
		    "'/nonexistent/initramfs'");
	tear_down(&f);
}

static void test_end_of_qemu_is_reported(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	struct fixture f;

	set_up(&f, "/bin/false");
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_PROTOCOL, "QEMU ended with code 1");
	assert_null(vm);
	CHECK(f.server.served == 2, "%u shares", f.server.served);
	tear_down(&f);
}

/* env(1) complains about its first argument, an option unknown to it. */
static void test_message_of_qemu_is_in_the_error(void **state unused)
{
	struct err err = ERR_INIT;
	struct vm *vm = NULL;
	auto_free char *log = NULL;
	struct fixture f;
	struct stat st;

	set_up(&f, "/usr/bin/env");
	CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
		    ERR_PROTOCOL, "QEMU ended with code 125: ");
	log = xasprintf("%s/vm.log", f.dir);
	CHECK(!stat(log, &st) && st.st_size > 0 && (st.st_mode & 0777) == 0600,
	      "no '%s'", log);
	tear_down(&f);
}

static void test_user_is_warned_once(void **state unused)
{
	struct qemu_accel_facts facts;
	struct err err = ERR_INIT;
	enum vm_accel accel;
	const char *reason;
	struct vm *vm = NULL;
	struct fixture f;

	qemu_accel_probe(&facts);
	CHECK_OK(
		qemu_accel_choose(VM_ACCEL_AUTO, &facts, &accel, &reason, &err),
		&err);
	set_up(&f, "/bin/false");
	f.cfg.accel = VM_ACCEL_AUTO;
	for (int i = 0; i < 2; i++)
		CHECK_FAILS(vm_runner_start(f.runner, &f.cfg, &vm, &err), &err,
			    ERR_PROTOCOL, "QEMU ended");
	CHECK(f.progress.warnings == (reason ? 1 : 0), "%u warnings",
	      f.progress.warnings);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_qemu_names_the_remedy),
		cmocka_unit_test(test_bad_config_starts_nothing),
		cmocka_unit_test(test_failed_share_ends_the_others),
		cmocka_unit_test(test_missing_initramfs_ends_the_shares),
		cmocka_unit_test(test_end_of_qemu_is_reported),
		cmocka_unit_test(test_message_of_qemu_is_in_the_error),
		cmocka_unit_test(test_user_is_warned_once),
	};

	return RUN_TESTS(tests);
}
