/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_hint.h - what an abnormal end of the agent probably means.
 */
#ifndef BBOX_CMD_BBOX_EXIT_HINT_H
#define BBOX_CMD_BBOX_EXIT_HINT_H

#include "domain/session/session.h"

/* Static text, or NULL for an ordinary end (chapter 10, section 1.2). */
const char *exit_hint(const struct session_result *r);

#endif /* BBOX_CMD_BBOX_EXIT_HINT_H */
