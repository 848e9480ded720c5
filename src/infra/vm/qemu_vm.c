// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_vm.c - a running VM: reach its ports, end it, prove that it is gone.
 *
 * Theory of operation
 *
 * Ending is a matter of what must not be lost. What the guest wrote to its
 * shares goes through the file servers, which live on until QEMU is dead; but
 * some of it may still be in the guest's page cache. So the guest is asked
 * first. When it says "halted" everything is out, and QEMU is killed at once:
 * its disks are read-only or thrown away. A guest that does not answer in
 * time loses what it held back.
 *
 * There is no ACPI power button in between: it would be answered by the same
 * bbox-init that did not answer on the control port.
 */
#include "infra/vm/qemu_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/vm/qemu_args.h"
#include "infra/vm/qemu_usernet.h"

#define NS_PER_MS INT64_C(1000000)

#define HALT_TIMEOUT_MS	   5000
#define TERM_TIMEOUT_MS	   2000
#define MONITOR_TIMEOUT_MS 5000
#define DIAL_TIMEOUT_MS	   5000

static int find_forward(struct qemu_vm *vm, uint16_t guest_port, bool *found,
			uint16_t *out, struct err *err)
{
	int64_t deadline = clock_now_ns() + MONITOR_TIMEOUT_MS * NS_PER_MS;
	auto_free char *text = NULL;

	if (qemu_qmp_monitor(&vm->qmp, "info usernet", deadline, &text, err) <
	    0)
		return -1;
	*found = usernet_find(SPAN_STR(text), guest_port, out);
	return 0;
}

/* The host's port is the kernel's choice: no two sessions can collide. */
static int add_forward(struct qemu_vm *vm, uint16_t guest_port, struct err *err)
{
	int64_t deadline = clock_now_ns() + MONITOR_TIMEOUT_MS * NS_PER_MS;
	auto_free char *line =
		xasprintf("hostfwd_add " QEMU_NETDEV
			  " tcp:127.0.0.1:0-" GUEST_ADDRESS ":%u",
			  guest_port);
	auto_free char *text = NULL;

	return qemu_qmp_monitor(&vm->qmp, line, deadline, &text, err);
}

int qemu_vm_forward(struct qemu_vm *vm, uint16_t guest_port, uint16_t *out,
		    struct err *err)
{
	bool found = false;

	if (find_forward(vm, guest_port, &found, out, err) < 0)
		return -1;
	if (!found && (add_forward(vm, guest_port, err) < 0 ||
		       find_forward(vm, guest_port, &found, out, err) < 0))
		return -1;
	if (!found)
		return err_set(err, ERR_PROTOCOL,
			       "QEMU does not forward port %u", guest_port);
	return 0;
}

static int wait_connected(int fd, struct err *err)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0, r;

	do
		r = poll(&pfd, 1, DIAL_TIMEOUT_MS);
	while (r < 0 && errno == EINTR);
	if (!r)
		return err_sys(err, ETIMEDOUT, "connect");
	if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return err_sys(err, errno, "connect");
	return error ? err_sys(err, error, "connect") : 0;
}

static int connect_to(uint16_t port, struct err *err)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;
	auto_close int fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "create socket");
	/* Key strokes must not wait for company. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return err_sys(err, errno, "set TCP_NODELAY");
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno != EINPROGRESS)
			return err_sys(err, errno, "connect");
		if (wait_connected(fd, err) < 0)
			return -1;
	}
	/* Blocking is what a caller expects who was not told otherwise. */
	if (fcntl(fd, F_SETFL, 0) < 0)
		return err_sys(err, errno, "make socket blocking");
	return fd_take(&fd);
}

static int vm_ops_dial(struct vm *base, uint16_t port, int *out_fd,
		       struct err *err)
{
	struct qemu_vm *vm = container_of(base, struct qemu_vm, base);
	uint16_t host_port;
	int fd;

	if (vm->stopped || vm->exited)
		return err_set(err, ERR_NOT_FOUND, "VM '%s' does not run",
			       vm->name);
	if (qemu_vm_forward(vm, port, &host_port, err) < 0)
		return err_wrap(err, "port %u of VM '%s'", port, vm->name);
	fd = connect_to(host_port, err);
	if (fd < 0)
		return err_wrap(err, "port %u of VM '%s'", port, vm->name);
	*out_fd = fd;
	return 0;
}

/* True when everything that the guest held is out. */
static bool ask_to_halt(struct qemu_vm *vm)
{
	int64_t deadline = clock_now_ns() + HALT_TIMEOUT_MS * NS_PER_MS;
	struct err err = ERR_INIT;

	if (vm->exited || !vm->control.ready ||
	    qemu_control_shutdown(&vm->control, ERR_IGNORE) < 0)
		return false;
	while (!vm->control.halted && !vm->exited && vm->control.fd >= 0) {
		vm->wake = false;
		if (loop_run(vm->loop, &vm->wake, deadline, &err) == 0)
			continue;
		/* A failure of somebody else's handler is not about us. */
		if (err.kind == ERR_TIMEOUT || err.kind == ERR_CANCELLED)
			break;
	}
	if (!vm->control.halted)
		log_warn(vm->log, "vm: guest '%s' did not halt, ending it",
			 vm->name);
	return vm->control.halted;
}

void qemu_vm_end(struct qemu_vm *vm, int grace_ms)
{
	loop_remove(vm->loop, &vm->exit_source);
	proc_stop(&vm->proc, grace_ms);
	/* Now that nobody writes to them any more. */
	for (size_t i = 0; i < vm->share_count; i++)
		file_share_stop(vm->shares[i]);
	vm->share_count = 0;
	qemu_control_release(&vm->control);
	qemu_qmp_release(&vm->qmp);
	capture_finish(&vm->console);
	capture_finish(&vm->output);
	vm->stopped = true;
}

static int vm_ops_stop(struct vm *base, struct err *err unused)
{
	struct qemu_vm *vm = container_of(base, struct qemu_vm, base);

	if (vm->stopped)
		return 0;
	/* The user's Ctrl-C was for the session; this is its clean end. */
	loop_forgive(vm->loop);
	qemu_vm_end(vm, ask_to_halt(vm) ? 0 : TERM_TIMEOUT_MS);
	return 0;
}

static void vm_ops_free(struct vm *base)
{
	struct qemu_vm *vm = container_of(base, struct qemu_vm, base);

	qemu_vm_end(vm, /* grace_ms */ 0);
	capture_release(&vm->console);
	capture_release(&vm->output);
	free(vm->name);
	free(vm);
}

static const struct vm_ops ops = {
	.dial = vm_ops_dial,
	.stop = vm_ops_stop,
	.free = vm_ops_free,
};

struct qemu_vm *qemu_vm_new(struct loop *loop, struct log *log,
			    const char *name)
{
	struct qemu_vm *vm = xcalloc(1, sizeof(*vm));

	vm->base.ops = &ops;
	vm->loop = loop;
	vm->log = log;
	vm->name = xstrdup(name);
	vm->proc = PROC_INIT;
	vm->exit_source = LOOP_SOURCE_INIT;
	vm->console = CAPTURE_INIT;
	vm->output = CAPTURE_INIT;
	vm->control = QEMU_CONTROL_INIT;
	vm->qmp = QEMU_QMP_INIT;
	return vm;
}
