/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_pump.h - carry bytes between the user's descriptors and a command that
 * runs in the guest, until it ends.
 */
#ifndef BBOX_INFRA_SSH_SSH_PUMP_H
#define BBOX_INFRA_SSH_SSH_PUMP_H

#include "infra/ssh/ssh_input.h"
#include "infra/ssh/ssh_link.h"
#include "infra/ssh/ssh_output.h"

struct ssh_pump {
	struct loop *loop; /* borrowed like the next two */
	struct ssh_link *link;
	struct terminal *terminal; /* NULL without a PTY */
	struct ssh_channel_callbacks_struct callbacks;
	struct loop_source link_source;

	struct ssh_output out[2]; /* stdout, stderr */
	bool sent_pipe_signal;

	struct ssh_input in;

	int keepalive_fd;
	struct loop_source keepalive_source;
	uint64_t keepalive_seen; /* in_bytes at the last tick */
	unsigned int keepalive_missed;
	bool keepalive_asked;

	int kick_fd; /* "go on with this at once" */
	struct loop_source kick_source;

	uint64_t stuck_out, stuck_in; /* bytes, see check_stuck() */

	bool has_exit; /* @result is filled */
	bool eof, closed;
	bool lost;     /* the connection is gone */
	bool finished; /* nothing more comes from the guest */
	bool done;     /* and everything is written out */
	bool overflowed;
	struct session_result result;
};

/* Before the link is opened with @p->callbacks: they need an open pump. */
must_check int ssh_pump_open(struct ssh_pump *p, struct loop *loop,
			     const int fds[3], struct err *err);
void ssh_pump_close(struct ssh_pump *p);

/**
 * ssh_pump_run() - until the command has ended and its output is written
 * @keepalive_ms: how often the guest must show that it is alive
 * @err:	ERR_PROTOCOL, ERR_CANCELLED (after the command got TERM and
 *		some time to end), ERR_SYSTEM when output cannot be written
 */
must_check int ssh_pump_run(struct ssh_pump *p, struct ssh_link *link,
			    struct terminal *terminal, int keepalive_ms,
			    struct session_result *out, struct err *err);

#endif /* BBOX_INFRA_SSH_SSH_PUMP_H */
