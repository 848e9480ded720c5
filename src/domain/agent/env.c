// SPDX-License-Identifier: Apache-2.0
/*
 * env.c - collect a session's environment and quote it for a shell.
 */
#include "domain/agent/env.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define BLANKS " \t\r\n\v\f"

struct env_var {
	char *name;  /* owned */
	char *value; /* owned */
};

struct env_map {
	struct env_var *v; /* owned; ordered by name */
	size_t n;
};

struct env_map *env_map_new(void)
{
	return xcalloc(1, sizeof(struct env_map));
}

void env_map_free(struct env_map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		free(m->v[i].value);
	}
	free(m->v);
	free(m);
}

static bool is_name(const char *s)
{
	if (!*s || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++) {
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		      (*s >= '0' && *s <= '9') || *s == '_'))
			return false;
	}
	return true;
}

/* Where @name is, or where it belongs; @found says which. */
static size_t position(const struct env_map *m, const char *name, bool *found)
{
	size_t low = 0, high = m->n;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(m->v[middle].name, name);

		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool env_map_set(struct env_map *m, const char *name, const char *value)
{
	bool found;
	size_t i;

	if (!is_name(name))
		return false;
	i = position(m, name, &found);
	if (found) {
		free(m->v[i].value);
		m->v[i].value = xstrdup(value);
		return true;
	}
	m->v = xreallocarray(m->v, m->n + 1, sizeof(*m->v));
	memmove(m->v + i + 1, m->v + i, (m->n - i) * sizeof(*m->v));
	m->v[i] = (struct env_var){ .name = xstrdup(name),
				    .value = xstrdup(value) };
	m->n++;
	return true;
}

const char *env_map_get(const struct env_map *m, const char *name)
{
	bool found;
	size_t i = position(m, name, &found);

	return found ? m->v[i].value : NULL;
}

int env_map_render(const struct env_map *m, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < m->n; i++) {
		if (buf_addf(out, err, "export %s=", m->v[i].name) < 0 ||
		    shell_quote(out, m->v[i].value, err) < 0 ||
		    buf_addc(out, '\n', err) < 0)
			return err_wrap(err, "environment variable '%s'",
					m->v[i].name);
	}
	return 0;
}

/* @s without the blanks around it. */
static struct span trimmed(const char *s)
{
	size_t len;

	s += strspn(s, BLANKS);
	len = strlen(s);
	while (len > 0 && strchr(BLANKS, s[len - 1]))
		len--;
	return (struct span){ .p = s, .len = len };
}

int env_pattern_check(const char *pattern, struct err *err)
{
	auto_free char *shown = text_visible(pattern);
	struct span p = trimmed(pattern);
	const char *star = p.len ? memchr(p.p, '*', p.len) : NULL;

	if (!p.len)
		return err_set(err, ERR_INVALID, "empty pattern '%s'", shown);
	if (span_equals(p, "*"))
		return err_set(err, ERR_INVALID,
			       "bare \"*\" would forward everything");
	if (star == p.p)
		return err_set(err, ERR_INVALID,
			       "leading-star pattern '%s' is not supported",
			       shown);
	if (star && star != (const char *)p.p + p.len - 1)
		return err_set(err, ERR_INVALID,
			       "pattern '%s': a star must come last", shown);
	return 0;
}

bool env_pattern_matches(const char *pattern, const char *name)
{
	struct span p = trimmed(pattern);
	const char *text = p.p;

	if (p.len > 1 && text[p.len - 1] == '*')
		return !strncmp(name, text, p.len - 1);
	return p.len && !span_equals(p, "*") && span_equals(p, name);
}

static bool is_wanted(const char *const *patterns, const char *name)
{
	for (size_t i = 0; patterns[i]; i++) {
		if (env_pattern_matches(patterns[i], name))
			return true;
	}
	return false;
}

void env_map_forward(struct env_map *m, const char *const *host_env,
		     const char *const *patterns)
{
	for (size_t i = 0; host_env[i]; i++) {
		const char *equals = strchr(host_env[i], '=');
		auto_free char *name = NULL;

		if (!equals)
			continue;
		name = xmemdup0(host_env[i], (size_t)(equals - host_env[i]));
		/* A name that a shell cannot export is skipped. */
		if (is_wanted(patterns, name))
			env_map_set(m, name, equals + 1);
	}
}

int shell_quote(struct buf *out, const char *word, struct err *err)
{
	size_t plain;

	if (buf_addc(out, '\'', err) < 0)
		return -1;
	for (;;) {
		plain = strcspn(word, "'");
		if (buf_add(out, word, plain, err) < 0)
			return -1;
		word += plain;
		if (!*word)
			break;
		if (buf_adds(out, "'\\''", err) < 0)
			return -1;
		word++;
	}
	return buf_addc(out, '\'', err);
}

int session_command(const char *const *words, struct buf *out, struct err *err)
{
	if (!words[0] || !*words[0])
		return err_set(err, ERR_INVALID, "command cannot be empty");
	if (buf_adds(out,
		     ". /etc/profile 2>/dev/null || true && "
		     ". /etc/sandbox-env 2>/dev/null || true && "
		     "cd /workspace && exec",
		     err) < 0)
		return -1;
	for (size_t i = 0; words[i]; i++) {
		if (buf_addc(out, ' ', err) < 0 ||
		    shell_quote(out, words[i], err) < 0)
			return -1;
	}
	return 0;
}
