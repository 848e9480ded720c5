/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uevents.h - wait until the kernel has made a device, without polling.
 */
#ifndef BBOX_GUEST_UEVENTS_H
#define BBOX_GUEST_UEVENTS_H

#include "base/err.h"
#include "guest/modules.h"

/* Returns 1 when what is waited for is there, 0 when not, -1 on failure. */
typedef int uevents_check(void *data, struct err *err);

struct uevents {
	int fd;
	struct modules *modules; /* borrowed */
};

/* Open it before the drivers are loaded, so that no event is missed. */
must_check int uevents_open(struct uevents *u, struct modules *modules,
			    struct err *err);
void uevents_close(struct uevents *u);

/**
 * uevents_wait() - check now, and after each event and each module
 * @timeout_ms:	ERR_TIMEOUT when it passes first
 *
 * Fails at once when a module cannot be loaded.
 */
must_check int uevents_wait(struct uevents *u, uevents_check *check, void *data,
			    int timeout_ms, struct err *err);

#endif /* BBOX_GUEST_UEVENTS_H */
