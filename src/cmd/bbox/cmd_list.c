// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_list.c - `bbox list`: the agents there are.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/options.h"
#include "domain/agent/agent.h"

#define LIST_MAX ((size_t)64 * 1024) /* bytes */

struct list_options {
	bool json;
};

static int set_json(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct list_options *)target)->json, err);
}

static const struct option list_options[] = {
	{ "json", NULL, "print a JSON array", set_json },
	{ NULL, NULL, NULL, NULL },
};

/* Names and images of built-in agents hold nothing that JSON must escape. */
static int add_agent(struct buf *out, const struct agent *a, bool json,
		     bool first, struct err *err)
{
	if (json)
		return buf_addf(out, err,
				"%s\n  {\"name\": \"%s\", \"kind\": "
				"\"built-in\", \"image\": \"%s\"}",
				first ? "" : ",", a->name, a->image);
	return buf_addf(out, err, "%-15s %-10s %s\n", a->name, "built-in",
			a->image);
}

static int list(const char *const *argv, struct err *err)
{
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	auto_buf struct buf out = BUF_INIT(LIST_MAX);
	struct list_options o = { .json = false };

	if (options_parse(list_options, &o, argv, &words, err) < 0)
		return -1;
	if (words.wants_help) {
		if (buf_addf(&out, err, "%s.\n\nUsage:\n  bbox %s\n\nFlags:\n",
			     command_list.summary, command_list.usage) < 0 ||
		    options_help(list_options, &out, err) < 0)
			return -1;
		return command_print(out.data, err);
	}
	if (o.json && buf_adds(&out, "[", err) < 0)
		return -1;
	for (size_t i = 0; i < agents_builtin_count; i++) {
		if (add_agent(&out, &agents_builtin[i], o.json, i == 0, err) <
		    0)
			return -1;
	}
	if (o.json && buf_adds(&out, "\n]\n", err) < 0)
		return -1;
	return command_print(out.data, err);
}

const struct command command_list = {
	.name = "list",
	.usage = "list [--json]",
	.summary = "List the agents",
	.run = list,
};
