/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env.h - the environment and the command line of a session (chapter 10,
 * sections 4.5 and 8). Pure.
 */
#ifndef BBOX_DOMAIN_AGENT_ENV_H
#define BBOX_DOMAIN_AGENT_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"

#define ENV_TEXT_MAX ((size_t)1024 * 1024) /* bytes, as the guest reads */

struct env_map; /* names to values, the last one set wins */

must_check struct env_map *env_map_new(void);
void env_map_free(struct env_map *m);
/* False (and nothing set) when @name is not [A-Za-z_][A-Za-z0-9_]*. */
bool env_map_set(struct env_map *m, const char *name, const char *value);
/* NULL when not set. Borrowed. */
const char *env_map_get(const struct env_map *m, const char *name);
/* "export NAME='value'" lines sorted by name. */
must_check int env_map_render(const struct env_map *m, struct buf *out,
			      struct err *err);

/*
 * ERR_INVALID: empty, a bare "*", a leading star, a star that is not last;
 * the message names the pattern.
 */
must_check int env_pattern_check(const char *pattern, struct err *err);
bool env_pattern_matches(const char *pattern, const char *name);

/*
 * Sets what of @host_env ("NAME=value", NULL-terminated) matches one of
 * @patterns; entries without '=' and names that cannot be exported are
 * skipped.
 */
void env_map_forward(struct env_map *m, const char *const *host_env,
		     const char *const *patterns);

/* Appends @word in single quotes, each ' as '\''. */
must_check int shell_quote(struct buf *out, const char *word, struct err *err);

/**
 * session_command() - the command line that the guest's shell is given
 * @words:	NULL-terminated; ERR_INVALID "command cannot be empty"
 */
must_check int session_command(const char *const *words, struct buf *out,
			       struct err *err);

#endif /* BBOX_DOMAIN_AGENT_ENV_H */
