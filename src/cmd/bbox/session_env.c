// SPDX-License-Identifier: Apache-2.0
/*
 * session_env.c - compose a session's environment; what is set later wins.
 */
#include "cmd/bbox/session_env.h"

#include <string.h>

#include "base/mem.h"
#include "domain/agent/env.h"
#include "domain/vm/guest_paths.h"

/* Names here are ours and valid, so setting them cannot fail. */
static void set(struct env_map *m, const char *name, const char *value)
{
	bool done = env_map_set(m, name, value);

	assert(done);
	(void)done;
}

static void set_memory_caps(struct env_map *m, const struct session_env *e)
{
	uint64_t mem = e->mem_mib;

	if (e->agent && e->agent->heap_percent) {
		auto_free char *v = xasprintf(
			"--max-old-space-size=%llu",
			(unsigned long long)(mem * e->agent->heap_percent /
					     100));

		set(m, "NODE_OPTIONS", v);
	}
	if (e->agent && e->agent->gc_percent) {
		auto_free char *v = xasprintf(
			"%lluMiB",
			(unsigned long long)(mem * e->agent->gc_percent / 100));

		set(m, "GOMEMLIMIT", v);
	}
}

/* --env NAME=value; a name that cannot be exported is an error here. */
static int set_given(struct env_map *m, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	auto_free char *name = xmemdup0(text, (size_t)(equals - text));

	if (!env_map_set(m, name, equals + 1))
		return err_set(err, ERR_USAGE,
			       "--env: '%s' is not a variable name", name);
	return 0;
}

static int add_user(struct env_map *m, const struct session_env *e,
		    struct err *err)
{
	for (size_t i = 0; i < e->user->n; i++) {
		const char *const pattern[] = { e->user->v[i], NULL };

		if (!strchr(e->user->v[i], '='))
			env_map_forward(m, e->host_env, pattern);
		else if (set_given(m, e->user->v[i], err) < 0)
			return -1;
	}
	return 0;
}

static int compose(struct env_map *m, const struct session_env *e,
		   struct buf *out, struct err *err)
{
	set_memory_caps(m, e);
	if (e->agent)
		env_map_forward(m, e->host_env, e->agent->env_patterns);
	if (add_user(m, e, err) < 0)
		return -1;
	set(m, "GIT_TERMINAL_PROMPT", "0");
	set(m, "BBOX_AGENT_NAME", e->agent_name);
	set(m, "BBOX_WORKSPACE", GUEST_WORKSPACE);
	set(m, "BBOX_HOME", GUEST_HOME);
	set(m, "BBOX_SESSION_ID", e->session_id);
	return env_map_render(m, out, err);
}

int session_env_render(const struct session_env *e, struct buf *out,
		       struct err *err)
{
	struct env_map *m = env_map_new();
	int r = compose(m, e, out, err);

	env_map_free(m);
	return r;
}
