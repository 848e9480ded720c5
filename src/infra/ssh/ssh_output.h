/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_output.h - bytes on their way to one of the user's descriptors.
 *
 * Never blocks and never changes the flags of the user's descriptor, which
 * the shell and other programs share.
 */
#ifndef BBOX_INFRA_SSH_SSH_OUTPUT_H
#define BBOX_INFRA_SSH_SSH_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "infra/sys/loop.h"

/* More than this waiting: stop asking the guest for more. */
#define SSH_OUTPUT_HIGH ((size_t)1024 * 1024) /* bytes */
/* What may come on top before the sender notices: one SSH packet. */
#define SSH_OUTPUT_SLACK ((size_t)512 * 1024) /* bytes */
#define SSH_OUTPUT_MAX	 (SSH_OUTPUT_HIGH + SSH_OUTPUT_SLACK)

enum ssh_output_kind {
	SSH_OUTPUT_BROKEN, /* swallows everything */
	SSH_OUTPUT_POLLED, /* write when epoll says so */
	SSH_OUTPUT_FILE,   /* epoll cannot watch it; always writable */
};

struct ssh_output {
	struct loop *loop; /* borrowed */
	struct loop_source source;
	loop_handler *handler;
	enum ssh_output_kind kind;
	int fd; /* our own duplicate; -1 when closed */
	bool is_socket;
	bool may_block; /* shared description: one burst per event */
	bool writable;
	int failed;  /* errno that broke it; 0 for EPIPE or none */
	size_t sent; /* bytes of @data that are out; at most half */
	struct buf data;
};

#define SSH_OUTPUT_INIT                                                \
	((struct ssh_output){                                          \
		.fd = -1,                                              \
		.source = LOOP_SOURCE_INIT,                            \
		.data = BUF_INIT(2 * SSH_OUTPUT_MAX), /* with @sent */ \
	})

/**
 * ssh_output_open() - prepare to write to @fd
 * @fd:		borrowed for the call; a closed one makes a broken output
 * @handler:	called when more can be written; it calls ssh_output_ready()
 *		and ssh_output_flush()
 */
must_check int ssh_output_open(struct ssh_output *o, struct loop *loop, int fd,
			       loop_handler *handler, struct err *err);
void ssh_output_close(struct ssh_output *o);

/* ERR_LIMIT when the sender ignored SSH_OUTPUT_HIGH. */
must_check int ssh_output_add(struct ssh_output *o, const void *p, size_t len,
			      struct err *err);
void ssh_output_ready(struct ssh_output *o);
/* Writes what can be written now and waits for the rest. */
must_check int ssh_output_flush(struct ssh_output *o, struct err *err);

static inline size_t ssh_output_waiting(const struct ssh_output *o)
{
	return o->data.len - o->sent;
}

#endif /* BBOX_INFRA_SSH_SSH_OUTPUT_H */
