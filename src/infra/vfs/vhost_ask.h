/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_ask.h - a first question to the server behind a vhost-user socket.
 */
#ifndef BBOX_INFRA_VFS_VHOST_ASK_H
#define BBOX_INFRA_VFS_VHOST_ASK_H

#include "base/err.h"

/**
 * vhost_ask_features() - wait until the server behind a connection answers
 * @err:	ERR_TIMEOUT, ERR_PROTOCOL when it hangs up or talks nonsense
 *
 * VHOST_USER_GET_FEATURES changes no state, so that the VMM can start its
 * own conversation on the same connection afterwards.
 */
must_check int vhost_ask_features(int fd, int timeout_ms, struct err *err);

#endif /* BBOX_INFRA_VFS_VHOST_ASK_H */
