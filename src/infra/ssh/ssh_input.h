/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_input.h - bytes from one of the user's descriptors to the command.
 */
#ifndef BBOX_INFRA_SSH_SSH_INPUT_H
#define BBOX_INFRA_SSH_SSH_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "infra/ssh/ssh_link.h"
#include "infra/sys/loop.h"

#define SSH_INPUT_CHUNK 16384 /* bytes under way at a time */

struct ssh_input {
	struct loop *loop; /* borrowed */
	struct loop_source source;
	loop_handler *handler;
	int fd;		/* our own duplicate; -1 when closed by the user */
	bool open;	/* its end was not seen yet */
	bool unwatched; /* epoll cannot watch it; always readable */
	bool readable;
	char chunk[SSH_INPUT_CHUNK];
	size_t off, len;    /* bytes of @chunk that are not sent */
	uint64_t sent_mark; /* out_bytes that prove the last chunk left */
};

#define SSH_INPUT_INIT \
	((struct ssh_input){ .fd = -1, .source = LOOP_SOURCE_INIT })

/**
 * ssh_input_open() - prepare to read from @fd
 * @fd:		borrowed for the call; a closed one is at its end
 * @handler:	called when it can be read; it calls ssh_input_ready() and
 *		ssh_input_send()
 *
 * Nothing is read before the first ssh_input_send().
 */
must_check int ssh_input_open(struct ssh_input *in, struct loop *loop, int fd,
			      loop_handler *handler, struct err *err);
void ssh_input_close(struct ssh_input *in);

void ssh_input_ready(struct ssh_input *in);
/* Nothing more is wanted. */
void ssh_input_stop(struct ssh_input *in);

/**
 * ssh_input_send() - send what can be sent now and wait for the rest
 * @link:	its channel gets the bytes, and the end of them
 *
 * Return: 1 when there is more to do at once, 0, or -1.
 */
must_check int ssh_input_send(struct ssh_input *in, struct ssh_link *link,
			      struct err *err);

#endif /* BBOX_INFRA_SSH_SSH_INPUT_H */
