/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env.h - the environment file of the session, and what a command in the
 * guest finds in its environment. Pure.
 */
#ifndef BBOX_GUEST_ENV_H
#define BBOX_GUEST_ENV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/strv.h"

#define ENV_FILE_MAX ((size_t)1024 * 1024) /* bytes */
#define ENV_VARS_MAX ((size_t)4096)

/**
 * env_file_parse() - read "export NAME='value'" lines
 * @text:	a quoted value may hold newlines; '\'' stands for a quote.
 *		Blank lines, comments and everything else is skipped
 * @out:	"NAME=value" strings are appended
 * @err:	ERR_LIMIT above ENV_FILE_MAX or ENV_VARS_MAX, ERR_INVALID for a
 *		NUL or a quote that is never closed
 */
must_check int env_file_parse(struct span text, struct strv *out,
			      struct err *err);

/* Replaces the variable of that name, or adds it; no '=' means no effect. */
void env_set(struct strv *env, const char *name_value);

/* May a client set this variable by an SSH "env" request? */
bool env_client_may_set(const char *name);

/* Where the environment of a command comes from; later members win. */
struct env_sources {
	const struct strv *image; /* borrowed like all; of the OCI image */
	const struct strv *file;  /* from env_file_parse() */
	const char *shell;
	const char *term;	   /* NULL without a terminal */
	const struct strv *client; /* "NAME=value" from "env" requests */
};

/* Appends the complete environment to @out. */
void env_compose(const struct env_sources *s, struct strv *out);

#endif /* BBOX_GUEST_ENV_H */
