/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_state.h - what the directory of a lazy view tells about a session.
 */
#ifndef BBOX_INFRA_WORKSPACE_VIEW_STATE_H
#define BBOX_INFRA_WORKSPACE_VIEW_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/workspace/session_note.h"

/* Written in one step. */
must_check int view_state_note(const char *path, const struct session_note *n,
			       struct err *err);
/* Release @out. ERR_NOT_FOUND, ERR_INVALID. */
must_check int view_state_read_note(const char *path, struct session_note *out,
				    struct err *err);
bool view_state_is_noted(const char *path);

/*
 * Did the guest change anything that is not as it was in the end? True when
 * that cannot be told.
 */
bool view_state_has_changes(const char *path);

/* Bytes on the disk. */
uint64_t view_state_size(const char *path);

#endif /* BBOX_INFRA_WORKSPACE_VIEW_STATE_H */
