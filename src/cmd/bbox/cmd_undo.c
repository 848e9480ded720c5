// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_undo.c - `bbox undo`: put back what a session replaced.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/json.h"
#include "cmd/bbox/tool.h"
#include "infra/sys/fs.h"

#define OUT_MAX	   ((size_t)16 * 1024 * 1024) /* bytes */
#define HELP_MAX   ((size_t)64 * 1024)	      /* bytes */
#define NS_PER_SEC INT64_C(1000000000)
#define KIB	   UINT64_C(1024)

struct undo_options {
	bool list, json;
	char *workspace;     /* owned; NULL: the current directory */
	const char *session; /* borrowed; NULL: the last one */
};

static int set_list(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct undo_options *)target)->list, err);
}

static int set_json(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct undo_options *)target)->json, err);
}

static int set_workspace(void *target, const char *value, struct err *err)
{
	struct undo_options *o = target;

	if (!*value)
		return err_set(err, ERR_USAGE, "must not be empty");
	free(o->workspace);
	o->workspace = xstrdup(value);
	return 0;
}

static const struct option undo_options[] = {
	{ "workspace", "DIR", "the project (default: the current directory)",
	  set_workspace },
	{ "list", NULL, "list what can be undone", set_list },
	{ "json", NULL, "with --list: print JSON", set_json },
	{ NULL, NULL, NULL, NULL },
};

static int print_help(struct err *err)
{
	auto_buf struct buf text = BUF_INIT(HELP_MAX);

	if (buf_addf(&text, err,
		     "%s.\n\n"
		     "Usage:\n  bbox %s\n\n"
		     "Restores, file by file, what the last session of the "
		     "project replaced or\ndeleted, and removes what it "
		     "added. A file that you changed since is left\nalone and "
		     "reported. SESSION is how an id of --list begins; an "
		     "undo is listed,\ntoo, and can be undone. Of each "
		     "project the last %d are kept.\n\nFlags:\n",
		     command_undo.summary, command_undo.usage,
		     UNDO_SESSIONS_MAX) < 0 ||
	    options_help(undo_options, &text, err) < 0 ||
	    buf_adds(&text,
		     "\nExample:\n"
		     "  bbox undo\n"
		     "  bbox undo --list\n"
		     "  bbox undo 3f2a\n",
		     err) < 0)
		return -1;
	return command_print(text.data, err);
}

static const char *state_of(const struct undo_session *s)
{
	if (s->undone)
		return "undone";
	return s->head.is_undo ? "undo" : "written";
}

static int add_json_row(struct buf *out, const struct undo_session *s,
			struct err *err)
{
	if (buf_addf(out, err,
		     "\n  {\"id\": \"%s\", \"state\": \"%s\", \"is_undo\": %s, "
		     "\"workspace\": ",
		     s->id, state_of(s),
		     s->head.is_undo ? "true" : "false") < 0 ||
	    json_add_string(out, s->head.workspace, err) < 0)
		return -1;
	return buf_addf(out, err,
			", \"time\": %" PRId64 ", \"files\": %zu, \"bytes\": "
			"%" PRIu64 "}",
			s->head.time_ns / NS_PER_SEC, s->files, s->bytes);
}

static int add_text_row(struct buf *out, const struct undo_session *s,
			struct err *err)
{
	auto_free char *when = tool_time(s->head.time_ns / NS_PER_SEC);
	auto_free char *workspace = text_visible(s->head.workspace);

	return buf_addf(out, err,
			"%-20s  %-16s %-8s %7zu %9" PRIu64 " KiB  %s\n", s->id,
			when, state_of(s), s->files, s->bytes / KIB, workspace);
}

static int print_list(const struct undo_list *list, bool json, struct err *err)
{
	auto_buf struct buf out = BUF_INIT(OUT_MAX);

	if (!json && !list->n)
		return command_print("Nothing to undo\n", err);
	if (json ? buf_addc(&out, '[', err) < 0
		 : buf_addf(&out, err, "%-20s  %-16s %-8s %7s %13s  %s\n",
			    "SESSION", "TIME", "STATE", "FILES", "SIZE",
			    "WORKSPACE") < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		if (json && i && buf_addc(&out, ',', err) < 0)
			return -1;
		if ((json ? add_json_row : add_text_row)(&out, &list->v[i],
							 err) < 0)
			return -1;
	}
	if (json && buf_adds(&out, "\n]\n", err) < 0)
		return -1;
	return command_print(out.data, err);
}

static int undo(struct runtime *rt, void *ctx, struct err *err)
{
	const struct undo_options *o = ctx;
	const struct undo_deps deps = runtime_undo_deps(rt);
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;
	const struct undo_session *session;
	struct flush_report report;
	auto_free char *workspace = NULL;

	/* What a killed flush or undo had begun comes to its end first. */
	discard(runtime_sweep(rt));
	if (undo_store_list(deps.store, &list, err) < 0)
		return err_wrap(err, "list sessions");
	if (o->list)
		return print_list(&list, o->json, err);
	if (fs_real_path(o->workspace ? o->workspace : ".", &workspace, err) <
	    0)
		return err_wrap(err, "workspace '%s'",
				o->workspace ? o->workspace : ".");
	if (undo_find(&list, workspace, o->session, &session, err) < 0)
		return -1;
	return undo_run(&deps, session, &report, err);
}

static int check_and_run(struct undo_options *o,
			 const struct option_words *words, struct err *err)
{
	if (words->before.n > 1 || words->after.n)
		return err_set(err, ERR_USAGE, "too many words (see --help)");
	o->session = words->before.n ? words->before.v[0] : NULL;
	if (o->json && !o->list)
		return err_set(err, ERR_USAGE, "--json goes with --list");
	if (o->list && o->session)
		return err_set(err, ERR_USAGE, "--list takes no SESSION");
	return tool_run_workspace(/* review */ false, undo, o, err);
}

static int run_undo(const char *const *argv, struct err *err)
{
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	struct undo_options o = { .list = false };
	int code = options_parse(undo_options, &o, argv, &words, err);

	if (code == 0)
		code = words.wants_help ? print_help(err)
					: check_and_run(&o, &words, err);
	free(o.workspace);
	return code;
}

const struct command command_undo = {
	.name = "undo",
	.usage = "undo [SESSION] [--workspace DIR] | undo --list [--json]",
	.summary = "Put back what a session replaced",
	.run = run_undo,
};
