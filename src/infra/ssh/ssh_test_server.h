/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_test_server.h - an SSH server that plays the guest, for tests only.
 *
 * What it does follows from the "command":
 *
 *	exit N		exit status N
 *	signal NAME	exit signal NAME
 *	streams		"out" to stdout, "err" to stderr, exit status 3
 *	cat		stdin to stdout until its end
 *	sink		reads stdin to its end, prints the number of bytes
 *	blob N		N bytes of pattern on stdout, exit status 0
 *	yes		writes until the PIPE signal comes, exits with 9
 *	hang		prints "ready", waits for TERM, prints "bye", exits
 *	deaf		prints "ready" and ignores everything
 *	pty		prints "TERM COLUMNS ROWS" now and after each resize,
 *			exits after the second one
 *	drop		prints "part" when its input ended and hangs up
 *	drop-exit	the same after an exit status
 *	no-status	closes the channel without a word
 *	open-back	asks for channels on the client's side, then exits
 *	refuse		is not started
 */
#ifndef BBOX_INFRA_SSH_SSH_TEST_SERVER_H
#define BBOX_INFRA_SSH_SSH_TEST_SERVER_H

#include <sys/types.h>

#include "base/macros.h"

/* Byte @i of what "blob" sends. */
#define TEST_SERVER_PATTERN(i) ((char)((i)*31 + ((i) >> 8)))

struct test_server_config {
	const char *host_private;  /* the key it has */
	const char *client_public; /* the only key it lets in */
	int stall_ms;		   /* says nothing for so long, then closes */
};

/* Forks a server on @fd, which the child keeps and the caller closes. */
pid_t test_server_start(int fd, const struct test_server_config *config);
/* Kills and reaps. */
void test_server_stop(pid_t pid);

#endif /* BBOX_INFRA_SSH_SSH_TEST_SERVER_H */
