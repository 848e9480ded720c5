/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_runner.h - adapter: sessions over SSH.
 */
#ifndef BBOX_INFRA_SSH_SSH_RUNNER_H
#define BBOX_INFRA_SSH_SSH_RUNNER_H

#include <stdint.h>

#include "domain/log/log.h"
#include "domain/session/session.h"
#include "infra/sys/loop.h"

/*
 * All borrowed until ssh_runner_free(). SIGPIPE must be ignored, as
 * loop_catch_signals() sees to.
 */
struct ssh_runner_config {
	struct loop *loop;
	struct terminal *terminal;
	struct log *log;
	int in_fd, out_fd, err_fd;     /* -1 for a closed one */
	const char *term_name;	       /* $TERM; NULL or "": xterm-256color */
	uint32_t handshake_timeout_ms; /* 0: 30 s */
	uint32_t keepalive_ms;	       /* 0: 30 s */
};

must_check struct session_runner *
ssh_runner_new(const struct ssh_runner_config *config);
void ssh_runner_free(struct session_runner *base);

#endif /* BBOX_INFRA_SSH_SSH_RUNNER_H */
