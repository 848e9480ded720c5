/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct_ack.h - remember that the user knows what direct mode is: the file
 * `direct-mode-ack` in bbox's state directory.
 */
#ifndef BBOX_INFRA_WORKSPACE_DIRECT_ACK_H
#define BBOX_INFRA_WORKSPACE_DIRECT_ACK_H

#include <stdbool.h>

#include "base/err.h"

#define DIRECT_ACK_FILE "direct-mode-ack"

/* Fails when it cannot be told. */
must_check int direct_ack_find(const char *state_dir, bool *out,
			       struct err *err);
/* Creates the directory if need be. */
must_check int direct_ack_store(const char *state_dir, struct err *err);

#endif /* BBOX_INFRA_WORKSPACE_DIRECT_ACK_H */
