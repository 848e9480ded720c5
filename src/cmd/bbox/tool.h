/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.h - what the commands that run no session share.
 */
#ifndef BBOX_CMD_BBOX_TOOL_H
#define BBOX_CMD_BBOX_TOOL_H

#include "base/err.h"
#include "cmd/bbox/options.h"
#include "runtime/runtime.h"

/* The words of a command of the form `bbox GROUP VERB [NAME]`. */
struct tool_words {
	const char *verb; /* borrowed from @words */
	const char *name; /* NULL when not given */
	bool json;
	struct option_words words;
};

#define TOOL_WORDS_INIT ((struct tool_words){ .verb = NULL })

void tool_words_release(struct tool_words *w);
#define auto_tool_words cleanup_with(tool_words_release)

/*
 * Parses; prints @help and returns 1 when help is asked for or no verb is
 * given. 0: go on with @out.
 */
must_check int tool_parse(const char *const *argv, const char *help,
			  struct tool_words *out, struct err *err);

/* Runs @fn with a runtime that has no session log. */
must_check int tool_run(int (*fn)(struct runtime *rt,
				  const struct tool_words *w, struct err *err),
			const struct tool_words *w, struct err *err);

/* As above, for what brings changes back; @review asks for each. */
must_check int tool_run_workspace(bool review,
				  int (*fn)(struct runtime *rt, void *ctx,
					    struct err *err),
				  void *ctx, struct err *err);

/* "2026-01-31 23:59" of the local time; the caller frees. */
must_check char *tool_time(int64_t seconds);

#endif /* BBOX_CMD_BBOX_TOOL_H */
