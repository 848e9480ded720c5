// SPDX-License-Identifier: Apache-2.0
/*
 * source.c - the bytes of a regular file, with an ear for cancellation.
 */
#include "infra/oci/source.h"

#include <errno.h>
#include <unistd.h>

#include "infra/sys/loop.h"

/* Handles what is pending, without waiting. */
static int check_cancelled(struct loop *loop, struct err *err)
{
	struct err e = ERR_INIT;

	if (loop_run(loop, /* done */ NULL, /* deadline_ns */ 1, &e) < 0 &&
	    e.kind != ERR_TIMEOUT) {
		*err = e;
		return -1;
	}
	return 0;
}

static int file_read(struct source *base, void *buffer, size_t size,
		     size_t *len, struct err *err)
{
	struct source_file *s = container_of(base, struct source_file, base);
	ssize_t n;

	if (s->loop && check_cancelled(s->loop, err) < 0)
		return -1;
	do
		n = read(s->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "read file");
	*len = (size_t)n;
	return 0;
}

static const struct source_ops file_ops = { .read = file_read };

void source_file_init(struct source_file *s, int fd, struct loop *loop)
{
	*s = (struct source_file){
		.base = { .ops = &file_ops },
		.fd = fd,
		.loop = loop,
	};
}
