/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uevents.h - wait until the kernel has made a device, without polling.
 */
#ifndef BBOX_GUEST_UEVENTS_H
#define BBOX_GUEST_UEVENTS_H

#include <stdbool.h>

#include "base/err.h"

/* Returns 1 when what is waited for is there, 0 when not, -1 on failure. */
typedef int uevents_check(void *data, struct err *err);

/* Open it before the drivers are loaded, so that no event is missed. */
must_check int uevents_open(struct err *err);

/**
 * uevents_wait() - check now and after each event of the kernel
 * @fd:		from uevents_open()
 * @timeout_ms:	ERR_TIMEOUT when it passes first
 */
must_check int uevents_wait(int fd, uevents_check *check, void *data,
			    int timeout_ms, struct err *err);

#endif /* BBOX_GUEST_UEVENTS_H */
