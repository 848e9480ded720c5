/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_terminal.h - the terminal that bbox was started from.
 */
#ifndef BBOX_INFRA_TERMINAL_OS_TERMINAL_H
#define BBOX_INFRA_TERMINAL_OS_TERMINAL_H

#include "domain/session/session.h"

struct os_terminal;

/**
 * os_terminal_new() - use two descriptors as the user's terminal
 * @in_fd:	borrowed; the session is interactive if it is a terminal
 * @out_fd:	borrowed; asked for the size first, and reset by
 *		terminal_restore() if it is a terminal
 *
 * Return: never NULL; release with os_terminal_free().
 */
must_check struct os_terminal *os_terminal_new(int in_fd, int out_fd);

/* The port; valid until os_terminal_free(). */
struct terminal *os_terminal_base(struct os_terminal *t);

/* Restores the terminal. Does nothing for NULL. */
void os_terminal_free(struct os_terminal *t);

#endif /* BBOX_INFRA_TERMINAL_OS_TERMINAL_H */
