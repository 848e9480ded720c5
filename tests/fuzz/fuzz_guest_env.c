// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_guest_env.c - what the host writes, the guest reads the same: no value
 * gets out of its quotes and becomes another variable.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/agent/env.h"
#include "fuzz/fuzz.h"
#include "guest/env.h"

/* Sets "NAME=value"; the name is one that can be exported. */
static void set_entry(struct env_map *m, const char *entry)
{
	const char *equals = strchr(entry, '=');
	auto_free char *name = NULL;

	INVARIANT(equals);
	name = xmemdup0(entry, (size_t)(equals - entry));
	INVARIANT(!env_map_get(m, name));
	INVARIANT(env_map_set(m, name, equals + 1));
}

/* What was read is written by the host and read again. */
static void check_round_trip(struct strv *env)
{
	auto_buf struct buf text = BUF_INIT(8 * ENV_FILE_MAX);
	auto_strv struct strv again = STRV_INIT;
	struct env_map *m = env_map_new();
	struct err err = ERR_INIT;

	for (size_t i = 0; i < env->n; i++)
		set_entry(m, env->v[i]);
	INVARIANT(!env_map_render(m, &text, &err));
	env_map_free(m);
	if (text.len > ENV_FILE_MAX)
		return;
	INVARIANT(!env_file_parse(buf_span(&text), &again, &err));
	INVARIANT(again.n == env->n);
	strv_sort(env);
	strv_sort(&again);
	for (size_t i = 0; i < env->n; i++)
		INVARIANT(!strcmp(env->v[i], again.v[i]));
}

static void check_value(const char *value)
{
	auto_buf struct buf text = BUF_INIT(8 * ENV_FILE_MAX);
	auto_free char *want = xasprintf("A=%s", value);
	auto_strv struct strv env = STRV_INIT;
	struct env_map *m = env_map_new();
	struct err err = ERR_INIT;

	INVARIANT(env_map_set(m, "A", value) && env_map_set(m, "B", "after"));
	INVARIANT(!env_map_render(m, &text, &err));
	env_map_free(m);
	if (text.len > ENV_FILE_MAX)
		return;
	INVARIANT(!env_file_parse(buf_span(&text), &env, &err));
	INVARIANT(env.n == 2 && !strcmp(env.v[0], want) &&
		  !strcmp(env.v[1], "B=after"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { .p = data, .len = size };
	auto_free char *value = NULL;
	auto_strv struct strv env = STRV_INIT;
	struct err err = ERR_INIT;

	if (size > ENV_FILE_MAX)
		return 0;
	value = xmemdup0(data, size);
	check_value(value);
	if (env_file_parse(in, &env, &err) < 0)
		INVARIANT(err.kind == ERR_INVALID && err.msg[0]);
	else
		check_round_trip(&env);
	return 0;
}
