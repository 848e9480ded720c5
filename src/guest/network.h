/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h - the two interfaces and the one route of the guest.
 */
#ifndef BBOX_GUEST_NETWORK_H
#define BBOX_GUEST_NETWORK_H

#include "base/err.h"

/* A uevents_check: 1 when eth0 is there. */
must_check int network_is_there(void *none, struct err *err);

/* Brings up lo and eth0 and sets the default route. */
must_check int network_up(struct err *err);

#endif /* BBOX_GUEST_NETWORK_H */
