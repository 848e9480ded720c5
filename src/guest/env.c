// SPDX-License-Identifier: Apache-2.0
/*
 * env.c - the environment file of the session, and what a command in the
 * guest finds in its environment.
 */
#include "guest/env.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "domain/vm/guest_paths.h"

#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const client_names[] = {
	"TERM", "LANG", "LC_ALL", "LC_CTYPE", "COLORTERM", "EDITOR", "VISUAL",
};

bool env_client_may_set(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(client_names); i++) {
		if (!strcmp(name, client_names[i]))
			return true;
	}
	return false;
}

static bool is_name(struct span s)
{
	const char *p = s.p;

	if (!s.len || (*p >= '0' && *p <= '9'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!((p[i] >= 'A' && p[i] <= 'Z') ||
		      (p[i] >= 'a' && p[i] <= 'z') ||
		      (p[i] >= '0' && p[i] <= '9') || p[i] == '_'))
			return false;
	}
	return true;
}

/* Appends what is between here and the closing quote; takes that, too. */
static int take_quoted(struct span *s, struct buf *value, struct err *err)
{
	struct span part = { .p = s->p };
	const char *end = memchr(s->p, '\'', s->len);

	if (!end)
		return err_set(err, ERR_INVALID, "a quoted value does not end");
	part.len = (size_t)(end - (const char *)s->p);
	if (buf_add(value, part.p, part.len, err) < 0)
		return -1;
	return span_skip(s, part.len + 1) ? 0 : -1;
}

/* A value that starts with a quote: a word of the shell, up to a newline. */
static int take_word(struct span *s, struct buf *value, struct err *err)
{
	uint8_t c;

	while (span_take_u8(s, &c) && c != '\n') {
		if (c == '\'') {
			if (take_quoted(s, value, err) < 0)
				return -1;
			continue;
		}
		if (c == '\\' && !span_take_u8(s, &c))
			return 0;
		if (buf_addc(value, (char)c, err) < 0)
			return -1;
	}
	return 0;
}

/* @s is behind "export "; takes the rest of the assignment. */
static int take_assignment(struct span *s, struct strv *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(ENV_FILE_MAX);
	struct span look = *s, line, name;

	if (!span_take_until(&look, '\n', &line))
		return 0;
	if (!memchr(line.p, '=', line.len) ||
	    !span_take_until(&line, '=', &name) || !is_name(name)) {
		*s = look;
		return 0;
	}
	if (buf_add(&text, name.p, name.len, err) < 0 ||
	    buf_addc(&text, '=', err) < 0 || !span_skip(s, name.len + 1))
		return -1;
	if (s->len && *(const char *)s->p == '\'') {
		if (take_word(s, &text, err) < 0)
			return err_wrap(err, "variable '%.*s'", (int)name.len,
					(const char *)name.p);
	} else {
		*s = look;
		if (buf_add(&text, line.p, line.len, err) < 0)
			return -1;
	}
	/* Each one is compared with all before it. */
	if (out->n >= ENV_VARS_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu variables",
			       ENV_VARS_MAX);
	env_set(out, text.data);
	return 0;
}

int env_file_parse(struct span text, struct strv *out, struct err *err)
{
	static const char keyword[] = "export ";
	size_t keyword_len = sizeof(keyword) - 1;
	struct span line;

	if (text.len > ENV_FILE_MAX)
		return err_set(err, ERR_LIMIT, "environment exceeds %zu bytes",
			       ENV_FILE_MAX);
	if (text.len && memchr(text.p, '\0', text.len))
		return err_set(err, ERR_INVALID, "environment holds a NUL");
	while (text.len) {
		if (text.len > keyword_len &&
		    !memcmp(text.p, keyword, keyword_len)) {
			if (!span_skip(&text, keyword_len) ||
			    take_assignment(&text, out, err) < 0)
				return -1;
		} else if (!span_take_until(&text, '\n', &line)) {
			break;
		}
	}
	return 0;
}

void env_set(struct strv *env, const char *name_value)
{
	const char *equals = strchr(name_value, '=');
	size_t len;

	if (!equals || equals == name_value)
		return;
	len = (size_t)(equals - name_value) + 1;
	for (size_t i = 0; i < env->n; i++) {
		if (!strncmp(env->v[i], name_value, len)) {
			free(env->v[i]);
			env->v[i] = xstrdup(name_value);
			return;
		}
	}
	strv_add(env, name_value);
}

static void set_pair(struct strv *env, const char *name, const char *value)
{
	auto_free char *text = xasprintf("%s=%s", name, value);

	env_set(env, text);
}

static void set_all(struct strv *env, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		env_set(env, from->v[i]);
}

void env_compose(const struct env_sources *s, struct strv *out)
{
	set_pair(out, "PATH", DEFAULT_PATH);
	set_all(out, s->image);
	set_all(out, s->file);
	set_pair(out, "USER", GUEST_USER);
	set_pair(out, "LOGNAME", GUEST_USER);
	set_pair(out, "HOME", GUEST_HOME);
	set_pair(out, "SHELL", s->shell);
	if (s->term)
		set_pair(out, "TERM", s->term);
	set_all(out, s->client);
}
