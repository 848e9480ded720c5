/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - what PID 1 does between boot and halt.
 */
#ifndef BBOX_GUEST_WATCH_H
#define BBOX_GUEST_WATCH_H

#include "base/err.h"
#include "guest/boot.h"

/* Blocks the signals of PID 1 and returns a descriptor that reports them. */
must_check int watch_signals(struct err *err);

/**
 * watch() - serve connections and reap orphans until the end is asked for
 * @signal_fd:	from watch_signals()
 *
 * Return: 0 when the host or a signal wants the shutdown.
 */
must_check int watch(struct guest *g, int signal_fd, struct err *err);

#endif /* BBOX_GUEST_WATCH_H */
