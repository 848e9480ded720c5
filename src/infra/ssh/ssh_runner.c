// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_runner.c - run a command in the guest over SSH.
 *
 * The pieces: ssh_link opens the connection, ssh_pump carries the bytes,
 * ssh_output writes them, ssh_keys makes and compares keys.
 */
#include "infra/ssh/ssh_runner.h"

#include <string.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "infra/ssh/ssh_keys.h"
#include "infra/ssh/ssh_link.h"
#include "infra/ssh/ssh_pump.h"

#define HANDSHAKE_TIMEOUT_MS 30000
#define KEEPALIVE_MS	     30000
#define TERM_NAME	     "xterm-256color"
#define TERM_NAME_MAX	     64 /* bytes */
#define NS_PER_MS	     INT64_C(1000000)

struct ssh_runner {
	struct session_runner base;
	struct ssh_runner_config config;
};

static int make_keys(struct session_runner *base unused,
		     struct session_keys *out, struct err *err)
{
	return ssh_keys_make(out, err);
}

static const char *term_name(const struct ssh_runner *r)
{
	const char *name = r->config.term_name;

	/* An odd one is no use to the guest's terminal database either. */
	if (!name || !*name || strlen(name) > TERM_NAME_MAX)
		return TERM_NAME;
	return name;
}

static int open_and_run(struct ssh_runner *r, struct ssh_pump *pump, int fd,
			const struct session_keys *keys,
			const struct session_request *request,
			struct session_result *out, struct err *err)
{
	const struct ssh_runner_config *c = &r->config;
	const int64_t opened_ns = clock_now_ns();
	const struct ssh_link_config config = {
		.loop = c->loop,
		.keys = keys,
		.user = GUEST_USER,
		.command = request->command,
		.terminal = terminal_is_interactive(c->terminal) ? c->terminal
								 : NULL,
		.term_name = term_name(r),
		.callbacks = &pump->callbacks,
		.deadline_ns = opened_ns + c->handshake_timeout_ms * NS_PER_MS,
	};
	struct ssh_link link = SSH_LINK_INIT;
	int code;

	code = ssh_link_open(&link, fd, &config, err);
	if (code < 0)
		return err_wrap(err, "connect to the guest");
	log_debug(c->log, "ssh: command started after %lld ms",
		  (long long)((clock_now_ns() - opened_ns) / NS_PER_MS));
	code = ssh_pump_run(pump, &link, config.terminal, (int)c->keepalive_ms,
			    out, err);
	log_debug(c->log, "ssh: session over, %llu bytes in, %llu bytes out",
		  (unsigned long long)link.traffic.in_bytes,
		  (unsigned long long)link.traffic.out_bytes);
	/* The pump's source watches the link's descriptor. */
	loop_remove(c->loop, &pump->link_source);
	ssh_link_close(&link);
	return code;
}

static int attach(struct session_runner *base, struct vm *vm,
		  const struct session_keys *keys,
		  const struct session_request *request,
		  struct session_result *out, struct err *err)
{
	struct ssh_runner *r = container_of(base, struct ssh_runner, base);
	const int fds[3] = { r->config.in_fd, r->config.out_fd,
			     r->config.err_fd };
	auto_free struct ssh_pump *pump = xcalloc(1, sizeof(*pump));
	int fd, code;

	if (vm_dial(vm, GUEST_SSH_PORT, &fd, err) < 0)
		return err_wrap(err, "connect to the guest");
	if (ssh_pump_open(pump, r->config.loop, fds, err) < 0) {
		close(fd);
		return -1;
	}
	code = open_and_run(r, pump, fd, keys, request, out, err);
	terminal_restore(r->config.terminal);
	ssh_pump_close(pump);
	return code;
}

static const struct session_runner_ops ssh_runner_ops = {
	.make_keys = make_keys,
	.attach = attach,
};

struct session_runner *ssh_runner_new(const struct ssh_runner_config *config)
{
	struct ssh_runner *r = xcalloc(1, sizeof(*r));

	r->base.ops = &ssh_runner_ops;
	r->config = *config;
	if (r->config.handshake_timeout_ms == 0)
		r->config.handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS;
	if (r->config.keepalive_ms == 0)
		r->config.keepalive_ms = KEEPALIVE_MS;
	return &r->base;
}

void ssh_runner_free(struct session_runner *base)
{
	if (base)
		free(container_of(base, struct ssh_runner, base));
}
