// SPDX-License-Identifier: Apache-2.0
/*
 * agent.c - the built-in agents, and the grammar of agent names.
 */
#include "domain/agent/agent.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define NAME_MAX_LEN  ((size_t)64)   /* bytes */
#define IMAGE_REF_MAX ((size_t)1024) /* bytes looked at in a reference */
#define NAME_FALLBACK "run-image"

static const char *const claude_command[] = { "claude", NULL };
/* The last three are what users of an API gateway cannot do without. */
static const char *const claude_env[] = {
	"ANTHROPIC_API_KEY",
	"CLAUDE_*",
	"NODE_OPTIONS",
	"ANTHROPIC_BASE_URL",
	"ANTHROPIC_AUTH_TOKEN",
	"ANTHROPIC_MODEL",
	NULL,
};

const struct agent agents_builtin[] = {
	{
		.name = "claude-code",
		.image = "claude-code",
		.command = claude_command,
		.env_patterns = claude_env,
		.cpus = 2,
		.mem_mib = 4096,
		.tmp_mib = 2048,
		.heap_percent = 75,
		.gc_percent = 70,
	},
};
const size_t agents_builtin_count = ARRAY_SIZE(agents_builtin);

const struct agent *agent_find(const char *name)
{
	for (size_t i = 0; i < agents_builtin_count; i++) {
		if (!strcmp(agents_builtin[i].name, name))
			return &agents_builtin[i];
	}
	return NULL;
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

int agent_name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (!len)
		return err_set(err, ERR_INVALID,
			       "invalid agent name: must not be empty");
	if (len > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID,
			       "invalid agent name: too long, %zu bytes is the "
			       "limit",
			       NAME_MAX_LEN);
	for (size_t i = 0; i < len; i++) {
		if (is_alnum(name[i]) ||
		    (i > 0 && (name[i] == '-' || name[i] == '_')))
			continue;
		/* The name itself may hold anything: it is not repeated. */
		return err_set(err, ERR_INVALID,
			       "invalid agent name: use letters, digits, '-' "
			       "and '_', and start with a letter or digit");
	}
	return 0;
}

/* The last path segment of @ref without its tag and digest. */
static struct span repository_name(const char *ref)
{
	size_t len = strcspn(ref, "@");
	size_t start = len;
	const char *colon;

	while (start > 0 && ref[start - 1] != '/')
		start--;
	colon = memrchr(ref + start, ':', len - start);
	if (colon)
		len = (size_t)(colon - ref);
	return (struct span){ .p = ref + start, .len = len - start };
}

char *agent_name_from_image(const char *ref)
{
	auto_buf struct buf out = BUF_INIT(IMAGE_REF_MAX);
	struct span name = repository_name(ref);
	const char *p = name.p;
	bool gap = false;
	char c;

	for (size_t i = 0; i < name.len && out.len + 2 < IMAGE_REF_MAX; i++) {
		c = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a')
					       : p[i];
		if (!is_lower_alnum(c)) {
			gap = true;
			continue;
		}
		/* Cannot fail: the loop keeps room for two bytes. */
		if (gap && out.len)
			discard(buf_addc(&out, '-', ERR_IGNORE));
		discard(buf_addc(&out, c, ERR_IGNORE));
		gap = false;
	}
	if (!out.len)
		return xstrdup(NAME_FALLBACK);
	return buf_take(&out, /* len */ NULL);
}
