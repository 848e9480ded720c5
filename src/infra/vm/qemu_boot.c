// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_boot.c - start QEMU and wait until the guest is ready, or say why not.
 *
 * Theory of operation
 *
 * Everything the session owns reaches QEMU as a descriptor: initramfs,
 * scratch disk, and one end each of a socket pair for the console, the
 * control port and QMP. Nothing has a name on disk, so nothing is left when
 * bbox is killed, and QEMU itself can be shut out of the file system.
 *
 * The wait ends with "ready" or "fail" on the control port, with QEMU's end,
 * the deadline or a signal, or when the guest has been silent for too long. A
 * diagnosis is made after QEMU is dead, when the console is complete.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/vm/qemu_args.h"
#include "infra/vm/qemu_cage.h"
#include "infra/vm/qemu_initrd.h"
#include "infra/vm/qemu_scratch.h"
#include "infra/vm/qemu_vm.h"

#define NS_PER_MS INT64_C(1000000)

#define BOOT_TIMEOUT_KVM_MS 60000U
#define BOOT_TIMEOUT_TCG_MS 300000U
/* For a QEMU that hung up on us to be seen ending. */
#define EXIT_TIMEOUT_MS 1000

/* What QEMU inherits; closed here once it has it. */
struct inherited {
	int initrd, scratch, console, control, qmp, output;
};

#define INHERITED_INIT ((struct inherited){ -1, -1, -1, -1, -1, -1 })

static void inherited_close(struct inherited *in)
{
	fd_close(&in->initrd);
	fd_close(&in->scratch);
	fd_close(&in->console);
	fd_close(&in->control);
	fd_close(&in->qmp);
	fd_close(&in->output);
}
#define auto_inherited cleanup_with(inherited_close)

/* Without its files the guest is lost; the session ends with QEMU. */
static void on_share_end(void *ctx)
{
	struct qemu_vm *vm = ctx;

	log_error(vm->log, "vm: a file server ended, so '%s' does", vm->name);
	/* Gone already is as good. */
	discard(proc_signal(&vm->proc, SIGKILL, ERR_IGNORE));
}

static int start_shares(struct qemu_vm *vm, const struct qemu_boot *boot,
			const struct vm_config *cfg, struct err *err)
{
	for (size_t i = 0; i < cfg->share_count; i++) {
		if (file_server_serve(boot->file_server, &cfg->shares[i],
				      &vm->shares[i], err) < 0)
			return -1;
		vm->shares[i]->on_end = on_share_end;
		vm->shares[i]->ctx = vm;
		vm->share_count++;
	}
	return 0;
}

/* One end for QEMU; the other is returned. */
static int open_pair(int *theirs, struct err *err)
{
	int ends[2];

	if (fd_socketpair(ends, err) < 0)
		return -1;
	*theirs = ends[1];
	return ends[0];
}

static int open_captures(struct qemu_vm *vm, struct inherited *in,
			 const struct vm_config *cfg, struct err *err)
{
	auto_free char *console = xasprintf("%s/console.log", cfg->data_dir);
	auto_free char *output = xasprintf("%s/vm.log", cfg->data_dir);
	int ends[2], fd = open_pair(&in->console, err);

	if (fd < 0 ||
	    capture_start(&vm->console, vm->loop, fd, console, err) < 0 ||
	    fd_pipe(ends, err) < 0)
		return -1;
	in->output = ends[1];
	return capture_start(&vm->output, vm->loop, ends[0], output, err);
}

static int open_everything(struct qemu_vm *vm, const struct qemu_boot *boot,
			   const struct vm_config *cfg, struct inherited *in,
			   int *qmp_fd, struct err *err)
{
	int fd;

	in->initrd = qemu_initrd_open(cfg, QEMU_GUEST_DNS, err);
	if (in->initrd < 0)
		return err_wrap(err, "build session archive");
	in->scratch = qemu_scratch_open(cfg->data_dir, boot->path_var, err);
	if (in->scratch < 0)
		return err_wrap(err, "create scratch disk");
	if (open_captures(vm, in, cfg, err) < 0)
		return -1;
	fd = open_pair(&in->control, err);
	if (fd < 0 || qemu_control_start(&vm->control, vm->loop, vm->log, fd,
					 &vm->wake, err) < 0)
		return -1;
	*qmp_fd = open_pair(&in->qmp, err);
	return *qmp_fd < 0 ? -1 : 0;
}

static int on_exit_event(struct loop_source *src, uint32_t events unused,
			 struct err *err unused)
{
	struct qemu_vm *vm = container_of(src, struct qemu_vm, exit_source);

	vm->exited = true;
	vm->wake = true;
	/* The descriptor stays readable. */
	loop_remove(vm->loop, src);
	return 0;
}

static int spawn(struct qemu_vm *vm, const struct qemu_boot *boot,
		 const struct vm_config *cfg, const struct inherited *in,
		 struct err *err)
{
	struct qemu_args args = {
		.binary = boot->binary,
		.name = cfg->name,
		.accel = boot->accel,
		.cpus = cfg->cpus,
		.mem_mib = cfg->mem_mib,
		.kernel_path = cfg->kernel->image_path,
		.image = cfg->image,
		.initrd_fd = in->initrd,
		.scratch_fd = in->scratch,
		.console_fd = in->console,
		.control_fd = in->control,
		.qmp_fd = in->qmp,
		.share_count = vm->share_count,
		.debug = cfg->debug,
	};
	static const char *const no_env[] = { NULL };
	int keep[VM_SHARES_MAX + 6] = { in->initrd, in->scratch, in->console,
					in->control, in->qmp };
	size_t kept = 5;
	auto_qemu_cage struct qemu_cage cage = QEMU_CAGE_INIT;
	auto_strv struct strv argv = STRV_INIT;

	for (size_t i = 0; i < vm->share_count; i++) {
		args.shares[i].tag = cfg->shares[i].tag;
		args.shares[i].vhost_fd = vm->shares[i]->vhost_fd;
		keep[kept++] = vm->shares[i]->vhost_fd;
	}
	keep[kept] = -1;
	qemu_args_build(&args, &argv);
	qemu_cage_build(boot->binary, cfg, boot->accel, &cage);
	if (proc_spawn(
		    &(struct proc_spec){
			    .path = boot->binary,
			    .argv = strv_list(&argv),
			    .envp = no_env,
			    .stdio = { -1, in->output, in->output },
			    .keep_fds = keep,
			    .cage = cage.rules,
			    .no_new_privs = true,
		    },
		    &vm->proc, err) < 0)
		return -1;
	return loop_add(vm->loop, &vm->exit_source, vm->proc.pidfd, EPOLLIN,
			on_exit_event, err);
}

/* When to give up if nothing is heard from now on. */
static int64_t patience_end(const struct qemu_boot *boot, int64_t deadline_ns)
{
	int64_t end_ns = clock_now_ns() + boot->stall_ms * NS_PER_MS;

	return boot->stall_ms && end_ns < deadline_ns ? end_ns : deadline_ns;
}

/* Was the failure a loss of patience before the deadline? Then it stalled. */
static int note_stall(struct qemu_vm *vm, int64_t end_ns, int64_t deadline_ns,
		      const struct err *err)
{
	vm->stalled = err->kind == ERR_TIMEOUT && end_ns < deadline_ns;
	if (vm->stalled)
		log_warn(vm->log,
			 "vm: nothing heard from the guest after %u phases",
			 vm->control.phases);
	return -1;
}

static int open_qmp(struct qemu_vm *vm, const struct qemu_boot *boot, int fd,
		    int64_t deadline_ns, struct err *err)
{
	int64_t end_ns = patience_end(boot, deadline_ns);

	if (qemu_qmp_open(&vm->qmp, vm->loop, fd, end_ns, err) < 0)
		return note_stall(vm, end_ns, deadline_ns, err);
	return 0;
}

/* Waits for the next thing to happen; the guest's progress is one. */
static int wait_event(struct qemu_vm *vm, const struct qemu_boot *boot,
		      int64_t deadline_ns, struct err *err)
{
	int64_t end_ns = patience_end(boot, deadline_ns);
	unsigned int phases = vm->control.phases;
	struct err why = ERR_INIT;

	vm->wake = false;
	if (loop_run(vm->loop, &vm->wake, end_ns, &why) == 0)
		return 0;
	if (why.kind == ERR_TIMEOUT && end_ns < deadline_ns &&
	    vm->control.phases != phases)
		return 0;
	*err = why;
	return note_stall(vm, end_ns, deadline_ns, err);
}

/* 0 when ready; the reasons why not are told by diagnose(). */
static int wait_ready(struct qemu_vm *vm, const struct qemu_boot *boot,
		      int64_t deadline_ns, struct err *err)
{
	while (!vm->control.ready) {
		if (vm->control.failed)
			return err_set(err, ERR_PROTOCOL, "guest failed");
		if (vm->exited)
			return err_set(err, ERR_PROTOCOL, "QEMU ended");
		if (wait_event(vm, boot, deadline_ns, err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct qemu_vm *vm, const struct qemu_boot *boot,
	       const struct vm_config *cfg, int64_t deadline_ns,
	       struct err *err)
{
	auto_inherited struct inherited in = INHERITED_INIT;
	int64_t start_ns = clock_now_ns();
	int qmp_fd = -1;
	uint16_t port;

	if (start_shares(vm, boot, cfg, err) < 0)
		return -1;
	if (open_everything(vm, boot, cfg, &in, &qmp_fd, err) < 0)
		return -1;
	if (spawn(vm, boot, cfg, &in, err) < 0) {
		fd_close(&qmp_fd);
		return -1;
	}
	/* QEMU's end must be visible as an end of file. */
	inherited_close(&in);
	log_debug(vm->log, "vm: QEMU runs after %" PRId64 " ms",
		  (clock_now_ns() - start_ns) / NS_PER_MS);
	if (open_qmp(vm, boot, qmp_fd, deadline_ns, err) < 0 ||
	    qemu_vm_forward(vm, GUEST_SSH_PORT, &port, err) < 0 ||
	    wait_ready(vm, boot, deadline_ns, err) < 0)
		return -1;
	log_debug(vm->log, "vm: guest ready after %" PRId64 " ms",
		  (clock_now_ns() - start_ns) / NS_PER_MS);
	return 0;
}

/* All of the last lines go to the log, the very last into the message. */
static void log_tail(struct qemu_vm *vm, const char *what,
		     const struct capture *c)
{
	auto_strv struct strv tail = STRV_INIT;

	capture_tail(c, &tail);
	for (size_t i = 0; i < tail.n; i++)
		log_info(vm->log, "vm: %s: '%s'", what, tail.v[i]);
}

/* "; the console says '...'"; the caller frees. */
static char *describe_end(const struct qemu_vm *vm)
{
	auto_free char *console = capture_find(&vm->console, "Kernel panic");

	if (!console)
		console = capture_last(&vm->console);
	if (!console)
		return xstrdup("; the console is empty");
	return xasprintf("; the console says '%s'", console);
}

/*
 * @code is QEMU's exit code, or -1 when it had to be ended. A guest's panic or
 * power-off is a regular end of QEMU.
 */
static int diagnose(struct qemu_vm *vm, const struct vm_config *cfg,
		    const char *reason, int code, uint32_t timeout_ms,
		    struct err *err)
{
	auto_free char *end = describe_end(vm);
	auto_free char *output = capture_last(&vm->output);

	log_tail(vm, "console", &vm->console);
	log_tail(vm, "qemu", &vm->output);
	if (reason)
		return err_set(err, ERR_PROTOCOL, "guest could not boot: %s%s",
			       reason, end);
	if (code > 0)
		return err_set(err, ERR_PROTOCOL,
			       "QEMU ended with code %d: %s; see '%s/vm.log'",
			       code, output ? output : "it said nothing",
			       cfg->data_dir);
	if (code == 0)
		return err_set(err, ERR_PROTOCOL,
			       "guest ended while it booted%s; see "
			       "'%s/console.log'",
			       end, cfg->data_dir);
	if (err->kind == ERR_TIMEOUT)
		return err_set(err, ERR_TIMEOUT,
			       "guest was not ready after %u s%s; see "
			       "'%s/console.log'",
			       timeout_ms / 1000, end, cfg->data_dir);
	return -1;
}

static int fail(struct qemu_vm *vm, const struct vm_config *cfg,
		uint32_t timeout_ms, struct err *err)
{
	auto_free char *reason = take_ptr(vm->control.reason);
	bool started = vm->proc.pidfd >= 0;
	int code = -1;

	loop_remove(vm->loop, &vm->exit_source);
	/* It may have closed its sockets a moment before it is gone. */
	if (started && (vm->exited || err->kind == ERR_PROTOCOL) && !reason)
		discard(proc_wait(&vm->proc, EXIT_TIMEOUT_MS, &code,
				  ERR_IGNORE));
	qemu_vm_end(vm, /* grace_ms */ 0);
	if (!started || err->kind == ERR_CANCELLED)
		return -1;
	return diagnose(vm, cfg, reason, code, timeout_ms, err);
}

int qemu_vm_boot(struct qemu_vm *vm, const struct qemu_boot *boot,
		 const struct vm_config *cfg, struct err *err)
{
	uint32_t timeout_ms = cfg->boot_timeout_ms;
	int64_t deadline_ns;

	if (!timeout_ms)
		timeout_ms = boot->accel == VM_ACCEL_KVM ? BOOT_TIMEOUT_KVM_MS
							 : BOOT_TIMEOUT_TCG_MS;
	deadline_ns = clock_now_ns() + timeout_ms * NS_PER_MS;
	if (run(vm, boot, cfg, deadline_ns, err) < 0)
		return fail(vm, cfg, timeout_ms, err);
	return 0;
}
