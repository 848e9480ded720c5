// SPDX-License-Identifier: Apache-2.0
/*
 * tool.c - parse and run the commands that run no session.
 */
#include "cmd/bbox/tool.h"

#include <time.h>

#include "base/mem.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/embed.h"

void tool_words_release(struct tool_words *w)
{
	option_words_release(&w->words);
	*w = TOOL_WORDS_INIT;
}

static int set_json(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct tool_words *)target)->json, err);
}

static const struct option tool_options[] = {
	{ "json", NULL, "print JSON", set_json },
	{ NULL, NULL, NULL, NULL },
};

int tool_parse(const char *const *argv, const char *help,
	       struct tool_words *out, struct err *err)
{
	const struct strv *before = &out->words.before;

	if (options_parse(tool_options, out, argv, &out->words, err) < 0)
		return -1;
	if (out->words.wants_help || !before->n)
		return command_print(help, err) < 0 ? -1 : 1;
	if (before->n > 2 || out->words.after.n)
		return err_set(err, ERR_USAGE, "too many words (see --help)");
	out->verb = before->v[0];
	out->name = before->n > 1 ? before->v[1] : NULL;
	return 0;
}

/* What tool_run() is given, for a function of the other kind. */
struct tool_call {
	int (*fn)(struct runtime *rt, const struct tool_words *w,
		  struct err *err);
	const struct tool_words *words;
};

static int run_with(struct runtime_config *cfg,
		    int (*fn)(struct runtime *rt, void *ctx, struct err *err),
		    void *ctx, struct err *err)
{
	struct xdg_dirs dirs = XDG_DIRS_INIT;
	struct log log = LOG_DISCARD;
	struct runtime *rt;
	int code;

	if (xdg_dirs_find(&dirs, err) < 0)
		return -1;
	cfg->dirs = &dirs;
	cfg->log = &log;
	embedded_fill(cfg);
	code = runtime_new(cfg, &rt, err);
	if (code == 0) {
		code = fn(rt, ctx, err);
		runtime_free(rt);
	}
	xdg_dirs_release(&dirs);
	return code;
}

static int call_tool(struct runtime *rt, void *ctx, struct err *err)
{
	const struct tool_call *call = ctx;

	return call->fn(rt, call->words, err);
}

int tool_run(int (*fn)(struct runtime *rt, const struct tool_words *w,
		       struct err *err),
	     const struct tool_words *w, struct err *err)
{
	struct tool_call call = { .fn = fn, .words = w };
	struct runtime_config cfg = { .review = false };

	return run_with(&cfg, call_tool, &call, err);
}

int tool_run_workspace(bool review,
		       int (*fn)(struct runtime *rt, void *ctx,
				 struct err *err),
		       void *ctx, struct err *err)
{
	struct runtime_config cfg = { .view = WORKSPACE_VIEW_LAZY,
				      .review = review };

	return run_with(&cfg, fn, ctx, err);
}

char *tool_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "";
	struct tm tm;

	/* A year that does not fit leaves nothing. */
	if (localtime_r(&t, &tm))
		discard(strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm));
	return xstrdup(text);
}
