/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_env.h - the environment a session gets (chapter 10, section 8).
 */
#ifndef BBOX_CMD_BBOX_SESSION_ENV_H
#define BBOX_CMD_BBOX_SESSION_ENV_H

#include "base/buf.h"
#include "base/strv.h"
#include "domain/agent/agent.h"

struct session_env {
	const char *agent_name;
	const struct agent *agent; /* NULL for run-image */
	const char *session_id;
	uint32_t mem_mib;	     /* effective */
	const struct strv *user;     /* patterns, or NAME=value */
	const char *const *host_env; /* "NAME=value", NULL-terminated */
};

/* Appends "export NAME='value'" lines. */
must_check int session_env_render(const struct session_env *e, struct buf *out,
				  struct err *err);

#endif /* BBOX_CMD_BBOX_SESSION_ENV_H */
