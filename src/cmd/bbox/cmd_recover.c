// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_recover.c - `bbox recover`: the changes of sessions that ended before
 * these were written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/json.h"
#include "cmd/bbox/tool.h"
#include "infra/sys/fs.h"

#define OUT_MAX	 ((size_t)256 * 1024 * 1024) /* bytes */
#define TEXT_MAX ((size_t)64 * 1024 * 1024)  /* bytes of one diff */
#define HELP_MAX ((size_t)64 * 1024)	     /* bytes */
#define KIB	 UINT64_C(1024)

enum deed {
	DEED_LIST,
	DEED_SHOW,
	DEED_APPLY,
	DEED_DISCARD,
};

struct recover_options {
	enum deed deed;
	const char *session; /* borrowed; NULL: the one of this workspace */
	bool show, apply, discards;
	bool diff, review, yes, json;
};

#define SETTER(name, member)                                              \
	static int name(void *target, const char *value, struct err *err) \
	{                                                                 \
		struct recover_options *o = target;                       \
                                                                          \
		return options_bool(value, &o->member, err);              \
	}

SETTER(set_show, show)
SETTER(set_apply, apply)
SETTER(set_discard, discards)
SETTER(set_diff, diff)
SETTER(set_review, review)
SETTER(set_yes, yes)
SETTER(set_json, json)

static const struct option recover_options[] = {
	{ "show", NULL, "list the changes of the session", set_show },
	{ "diff", NULL, "with --show: print what changed in them", set_diff },
	{ "apply", NULL, "bring the changes back, as a session does at its end",
	  set_apply },
	{ "review", NULL, "with --apply: ask for each changed file",
	  set_review },
	{ "discard", NULL, "remove the session and its changes", set_discard },
	{ "yes", NULL,
	  "do not ask before --discard; with --apply: take what can be read "
	  "of damaged records",
	  set_yes },
	{ "json", NULL, "print JSON (list and --show)", set_json },
	{ NULL, NULL, NULL, NULL },
};

static int print_help(struct err *err)
{
	auto_buf struct buf text = BUF_INIT(HELP_MAX);

	if (buf_addf(&text, err,
		     "%s.\n\n"
		     "Usage:\n  bbox %s\n\n"
		     "A session that was killed, or whose review was put off, "
		     "keeps its changes\nuntil they are brought back or "
		     "discarded. Without arguments they are listed.\nSESSION "
		     "is how an id begins; without it, the only session of "
		     "the current\ndirectory is meant.\n\nFlags:\n",
		     command_recover.summary, command_recover.usage) < 0 ||
	    options_help(recover_options, &text, err) < 0 ||
	    buf_adds(&text,
		     "\nExample:\n"
		     "  bbox recover\n"
		     "  bbox recover 3f2a --show --diff\n"
		     "  bbox recover 3f2a --apply --review\n",
		     err) < 0)
		return -1;
	return command_print(text.data, err);
}

static int check_options(struct recover_options *o, struct err *err)
{
	int deeds = o->show + o->apply + o->discards;

	if (deeds > 1)
		return err_set(err, ERR_USAGE,
			       "give one of --show, --apply and --discard");
	if (o->apply)
		o->deed = DEED_APPLY;
	else if (o->discards)
		o->deed = DEED_DISCARD;
	else if (o->show || o->session)
		o->deed = DEED_SHOW;
	if (o->diff && o->deed != DEED_SHOW)
		return err_set(err, ERR_USAGE, "--diff goes with --show");
	if (o->review && o->deed != DEED_APPLY)
		return err_set(err, ERR_USAGE, "--review goes with --apply");
	if (o->yes && o->deed != DEED_APPLY && o->deed != DEED_DISCARD)
		return err_set(err, ERR_USAGE,
			       "--yes goes with --apply or --discard");
	if (o->json && (o->diff || o->apply || o->discards))
		return err_set(err, ERR_USAGE,
			       "--json goes with the list or --show alone");
	return 0;
}

static int add_json_row(struct buf *out, const struct kept_session *s,
			const char *state, bool counted, size_t changes,
			struct err *err)
{
	if (buf_addf(out, err, "\n  {\"id\": \"%s\", \"state\": \"%s\"", s->id,
		     state) < 0)
		return -1;
	if (!s->is_damaged &&
	    (buf_adds(out, ", \"workspace\": ", err) < 0 ||
	     json_add_string(out, s->note.workspace, err) < 0 ||
	     buf_adds(out, ", \"name\": ", err) < 0 ||
	     json_add_string(out, s->note.name, err) < 0 ||
	     buf_addf(out, err, ", \"started\": %" PRId64, s->note.started_s) <
		     0))
		return -1;
	if (counted && buf_addf(out, err, ", \"changes\": %zu", changes) < 0)
		return -1;
	return buf_addf(out, err, ", \"bytes\": %" PRIu64 "}", s->bytes);
}

static int add_text_row(struct buf *out, const struct kept_session *s,
			const char *state, bool counted, size_t changes,
			struct err *err)
{
	auto_free char *when =
		s->is_damaged ? xstrdup("") : tool_time(s->note.started_s);
	auto_free char *workspace =
		text_visible(s->is_damaged ? "" : s->note.workspace);
	auto_free char *count =
		counted ? xasprintf("%zu", changes) : xstrdup(state);

	return buf_addf(out, err, "%s  %-16s %8s %9" PRIu64 " KiB  %s\n", s->id,
			when, count, s->bytes / KIB, workspace);
}

static int add_row(const struct recover_deps *deps, struct buf *out,
		   const struct kept_session *s, bool json, struct err *err)
{
	struct err why = ERR_INIT;
	bool counted = false;
	size_t changes = 0;
	const char *state = "kept";

	if (s->is_live)
		state = "running";
	else if (s->is_damaged || recover_count(deps, s, &changes, &why) < 0)
		state = s->is_damaged || why.kind == ERR_INTEGRITY
				? "damaged"
				: "unreadable";
	else
		counted = true;
	return json ? add_json_row(out, s, state, counted, changes, err)
		    : add_text_row(out, s, state, counted, changes, err);
}

static int list(const struct recover_deps *deps, const struct kept_list *kept,
		bool json, struct err *err)
{
	auto_buf struct buf out = BUF_INIT(OUT_MAX);

	if (!json && !kept->n)
		return command_print("No sessions with unwritten changes\n",
				     err);
	if (json ? buf_addc(&out, '[', err) < 0
		 : buf_addf(&out, err, "%-16s  %-16s %8s %13s  %s\n", "SESSION",
			    "STARTED", "CHANGES", "SIZE", "WORKSPACE") < 0)
		return -1;
	for (size_t i = 0; i < kept->n; i++) {
		if (json && i && buf_addc(&out, ',', err) < 0)
			return -1;
		if (add_row(deps, &out, &kept->v[i], json, err) < 0)
			return -1;
	}
	if (json && buf_adds(&out, "\n]\n", err) < 0)
		return -1;
	return command_print(out.data, err);
}

static int add_change(struct buf *out, const struct change *c, bool json,
		      bool first, struct err *err)
{
	auto_free char *shown = NULL;

	if (!json) {
		shown = text_visible(c->path);
		return buf_addf(out, err, "%-8s  %s%s\n",
				change_kind_name(c->kind), shown,
				c->type == CHANGE_DIR ? "/" : "");
	}
	if (buf_addf(out, err, "%s\n  {\"path\": ", first ? "" : ",") < 0 ||
	    json_add_string(out, c->path, err) < 0)
		return -1;
	return buf_addf(out, err,
			", \"kind\": \"%s\", \"type\": \"%s\", \"bytes\": "
			"%" PRIu64 "}",
			change_kind_name(c->kind), change_type_name(c->type),
			c->size);
}

static int add_diff(const struct recover_deps *deps, const struct recovery *r,
		    const struct change *c, struct buf *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);

	if (workspace_differ_text(deps->back.differ, r->view, c, &text, err) <
	    0)
		return -1;
	/* A mode, or a file whose old content nobody has read. */
	if (!text.len)
		return add_change(out, c, /* json */ false, /* first */ true,
				  err);
	return text_add_visible_lines(out, buf_span(&text), err);
}

static int print_changes(const struct recover_deps *deps,
			 const struct recovery *r,
			 const struct recover_options *o, struct err *err)
{
	auto_buf struct buf out = BUF_INIT(OUT_MAX);

	if (o->json && buf_addc(&out, '[', err) < 0)
		return -1;
	for (size_t i = 0; i < r->changes.n; i++) {
		const struct change *c = &r->changes.v[i];

		if (o->diff ? add_diff(deps, r, c, &out, err) < 0
			    : add_change(&out, c, o->json, i == 0, err) < 0)
			return -1;
	}
	if (o->json && buf_adds(&out, "\n]\n", err) < 0)
		return -1;
	return command_print(out.data, err);
}

static int show(const struct recover_deps *deps, const struct kept_session *s,
		const struct recover_options *o, struct err *err)
{
	struct recovery r;
	/* To look at what can be read does no harm. */
	int code = recover_open(deps, s, /* salvage */ true, &r, err);

	if (code == 0)
		code = print_changes(deps, &r, o, err);
	recover_close(deps, &r);
	return code;
}

static int apply(const struct recover_deps *deps, const struct kept_session *s,
		 const struct recover_options *o, struct err *err)
{
	bool kept;
	int code = recover_apply(deps, s, /* salvage */ o->yes, &kept, err);

	if (code == 0 && kept)
		fprintf(stderr, "The other changes stay: 'bbox recover %s'\n",
			s->id);
	return code;
}

static int do_one(const struct recover_deps *deps, const struct kept_list *kept,
		  const struct recover_options *o, struct err *err)
{
	const struct kept_session *s;
	auto_free char *here = NULL;

	if (fs_real_path(".", &here, err) < 0 ||
	    recover_find(kept, here, o->session, &s, err) < 0)
		return -1;
	switch (o->deed) {
	case DEED_SHOW:
	case DEED_LIST:
		return show(deps, s, o, err);
	case DEED_APPLY:
		return apply(deps, s, o, err);
	case DEED_DISCARD:
		break;
	}
	if (recover_discard(deps, s, err) < 0)
		return -1;
	fprintf(stderr, "Discarded session %s\n", s->id);
	return 0;
}

static int recover(struct runtime *rt, void *ctx, struct err *err)
{
	const struct recover_options *o = ctx;
	const struct recover_deps deps = runtime_recover_deps(rt);
	auto_kept_list struct kept_list kept = KEPT_LIST_INIT;

	/* What a killed flush had begun comes to its end first. */
	discard(runtime_sweep(rt));
	if (recover_list(&deps, &kept, err) < 0)
		return err_wrap(err, "list sessions");
	if (o->deed == DEED_LIST)
		return list(&deps, &kept, o->json, err);
	return do_one(&deps, &kept, o, err);
}

/*
 * Before the runtime is there, which catches signals: the question can be
 * interrupted like any program.
 */
static int confirm(const struct recover_options *o, struct err *err)
{
	char answer[16] = "";

	if (o->deed != DEED_DISCARD || o->yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			       "--discard without a terminal needs --yes");
	fprintf(stderr, "Discard %s%s and all its changes for good? [y/N] ",
		o->session ? "session " : "the session of this directory",
		o->session ? o->session : "");
	if (fgets(answer, sizeof(answer), stdin) &&
	    (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
		return 0;
	return err_set(err, ERR_CANCELLED, "nothing was discarded");
}

static int run_recover(const char *const *argv, struct err *err)
{
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	struct recover_options o = { .deed = DEED_LIST };

	if (options_parse(recover_options, &o, argv, &words, err) < 0)
		return -1;
	if (words.wants_help)
		return print_help(err);
	if (words.before.n > 1 || words.after.n)
		return err_set(err, ERR_USAGE, "too many words (see --help)");
	o.session = words.before.n ? words.before.v[0] : NULL;
	if (check_options(&o, err) < 0 || confirm(&o, err) < 0)
		return -1;
	return tool_run_workspace(o.review, recover, &o, err);
}

const struct command command_recover = {
	.name = "recover",
	.usage = "recover [SESSION] [--show | --apply | --discard] [flags]",
	.summary = "Bring back the changes of sessions that were cut short",
	.run = run_recover,
};
