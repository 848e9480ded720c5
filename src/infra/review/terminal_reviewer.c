// SPDX-License-Identifier: Apache-2.0
/*
 * terminal_reviewer.c - show each change and ask what to do with it.
 *
 * Whatever comes from the workspace is made visible before it is written: a
 * name must not look like another one, and a diff must not move the cursor.
 */
#include "infra/review/terminal_reviewer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/snapshot/sensitive.h"
#include "infra/review/describe.h"
#include "infra/review/line_reader.h"
#include "infra/sys/fd.h"

/* Text of one screen, and of one diff; visible text grows fourfold, bytes. */
#define SCREEN_MAX ((size_t)1024 * 1024 * 1024)
#define DIFF_MAX   ((size_t)256 * 1024 * 1024)

#define STYLE_RESET  "\033[0m"
#define STYLE_BOLD   "\033[1m"
#define STYLE_DIM    "\033[90m"
#define STYLE_RED    "\033[31m"
#define STYLE_GREEN  "\033[32m"
#define STYLE_YELLOW "\033[33m"
#define STYLE_CYAN   "\033[36m"
#define STYLE_ALARM  "\033[1;33m"

struct terminal_reviewer {
	struct workspace_reviewer base;
	struct terminal_reviewer_config config;
};

/* One workspace_reviewer_review(). */
struct job {
	const struct terminal_reviewer_config *config;
	const struct workspace_snapshot *snapshot;
	struct change_list *changes;
	struct line_reader reader;
	struct buf screen; /* what is to be written next */
	bool styled;
	bool has_person; /* a terminal is on the other end */
};

enum answer {
	ANSWER_NO, /* zero: no answer is no consent */
	ANSWER_YES,
	ANSWER_ALL,
	ANSWER_NONE,
	ANSWER_INVALID,
};

static const struct {
	const char *mark, *style;
} kind_looks[] = {
	[CHANGE_ADDED] = { "+", STYLE_GREEN },
	[CHANGE_MODIFIED] = { "~", STYLE_YELLOW },
	[CHANGE_DELETED] = { "-", STYLE_RED },
};
static_assert(ARRAY_SIZE(kind_looks) == CHANGE_KIND_COUNT,
	      "kind_looks[] and enum change_kind differ");

static int show(struct job *j, struct err *err)
{
	int r = fd_write_all(j->config->out_fd, j->screen.data, j->screen.len,
			     err);

	buf_reset(&j->screen);
	return r;
}

/* Adds a styled text; @style and its end never split it. */
static printf_like(4, 5) int add(struct job *j, const char *style,
				 struct err *err, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(err, ERR_LIMIT, "text to show is too long");
	if (j->styled && style)
		r = buf_addf(&j->screen, err, "%s%s" STYLE_RESET, style, text);
	else
		r = buf_adds(&j->screen, text, err);
	free(text);
	return r;
}

static int add_list(struct job *j, struct err *err)
{
	if (buf_addc(&j->screen, '\n', err) < 0 ||
	    add(j, STYLE_DIM, err, "━━━ Workspace Review ━━━") < 0 ||
	    buf_addc(&j->screen, '\n', err) < 0 ||
	    add(j, STYLE_BOLD, err, "%zu file(s) changed:", j->changes->n) <
		    0 ||
	    buf_adds(&j->screen, "\n\n", err) < 0)
		return -1;
	for (size_t i = 0; i < j->changes->n; i++) {
		const struct change *change = &j->changes->v[i];
		auto_free char *path = text_visible(change->path);
		auto_free char *more = describe_change(change);

		if (buf_adds(&j->screen, "  ", err) < 0 ||
		    add(j, kind_looks[change->kind].style, err, "%s",
			kind_looks[change->kind].mark) < 0 ||
		    buf_addf(&j->screen, err, " %s%s\n", path, more) < 0)
			return -1;
	}
	return buf_addc(&j->screen, '\n', err);
}

static const char *line_style(struct span line)
{
	const char *p = line.p;

	if (!line.len)
		return NULL;
	if ((line.len >= 4 &&
	     (!memcmp(p, "--- ", 4) || !memcmp(p, "+++ ", 4))) ||
	    p[0] == 'd')
		return STYLE_BOLD;
	if (p[0] == '+')
		return STYLE_GREEN;
	if (p[0] == '-')
		return STYLE_RED;
	return p[0] == '@' ? STYLE_CYAN : NULL;
}

static int add_diff(struct job *j, const struct change *change, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(DIFF_MAX);
	struct err why = ERR_INIT;
	struct span rest, line;
	const char *style;

	/* The change can be decided without its text. */
	if (workspace_differ_text(j->config->differ, j->snapshot, change, &text,
				  &why) < 0)
		return add(j, STYLE_YELLOW, err, "no diff: %s\n", why.msg);
	rest = buf_span(&text);
	while (span_take_until(&rest, '\n', &line)) {
		style = j->styled ? line_style(line) : NULL;
		if ((style && buf_adds(&j->screen, style, err) < 0) ||
		    text_add_visible_lines(&j->screen, line, err) < 0 ||
		    buf_adds(&j->screen, style ? STYLE_RESET "\n" : "\n", err) <
			    0)
			return -1;
	}
	return 0;
}

static int add_change(struct job *j, size_t i, struct err *err)
{
	const struct change *change = &j->changes->v[i];
	auto_free char *path = text_visible(change->path);
	auto_free char *more = describe_change(change);
	const char *reason = NULL;
	enum sensitivity level = sensitivity_of_change(change, &reason);

	if (add(j, STYLE_DIM, err, "── Change %zu/%zu: [%s] %s%s ──", i + 1,
		j->changes->n, change_kind_name(change->kind), path,
		more) < 0 ||
	    buf_addc(&j->screen, '\n', err) < 0)
		return -1;
	if (level != SENSITIVITY_NONE &&
	    (add(j, STYLE_ALARM, err, "⚠ %s: %s",
		 level == SENSITIVITY_AUTO_EXEC ? "AUTO-EXEC" : "SECURITY",
		 reason) < 0 ||
	     buf_addc(&j->screen, '\n', err) < 0))
		return -1;
	return add_diff(j, change, err);
}

static enum answer parse_answer(const char *text)
{
	if (!strcmp(text, "a"))
		return ANSWER_ALL;
	if (!strcmp(text, "A"))
		return ANSWER_NONE;
	if (!strcasecmp(text, "y") || !strcasecmp(text, "yes"))
		return ANSWER_YES;
	if (!*text || !strcasecmp(text, "n") || !strcasecmp(text, "no"))
		return ANSWER_NO;
	return ANSWER_INVALID;
}

/* Asks @prompt until there is an answer; end of input is "no". */
static int ask(struct job *j, const char *prompt, enum answer *out,
	       struct err *err)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	int n;

	for (;;) {
		if (add(j, STYLE_BOLD, err, "%s", prompt) < 0 ||
		    buf_addc(&j->screen, ' ', err) < 0 || show(j, err) < 0)
			return -1;
		n = line_reader_next(&j->reader, &line, err);
		if (n < 0)
			return -1;
		/* A NUL would end the text early: it is no answer. */
		*out = !n			       ? ANSWER_NO
		       : strlen(line.data) == line.len ? parse_answer(line.data)
						       : ANSWER_INVALID;
		if (*out != ANSWER_INVALID)
			return 0;
		if (buf_adds(&j->screen,
			     "Invalid input, please answer y, n, a or A.\n",
			     err) < 0)
			return -1;
	}
}

static bool is_auto_exec(const struct change *change)
{
	return sensitivity_of_change(change, /* reason */ NULL) ==
	       SENSITIVITY_AUTO_EXEC;
}

static bool may_accept(const struct job *j, const struct change *change)
{
	return j->has_person || !is_auto_exec(change);
}

static void decide(const struct job *j, struct change *change, bool accept)
{
	bool accepted = accept && may_accept(j, change);
	auto_free char *path = text_visible(change->path);

	change->decision = accepted ? CHANGE_ACCEPTED : CHANGE_REJECTED;
	log_info(j->config->log, "review: %s '%s'",
		 accepted ? "accepted" : "rejected", path);
}

static int decide_one(struct job *j, struct change *change, bool accept,
		      struct err *err)
{
	decide(j, change, accept);
	if (accept && change->decision == CHANGE_REJECTED)
		return buf_adds(&j->screen,
				"Rejected: needs an answer on a terminal.\n",
				err);
	return 0;
}

/* Bulk consent does not cover what runs by itself: that is asked again. */
static int confirm_auto_exec(struct job *j, size_t from, bool *out,
			     struct err *err)
{
	auto_free char *prompt = NULL;
	enum answer answer = ANSWER_NO;
	size_t n = 0;

	*out = false;
	for (size_t i = from; i < j->changes->n; i++)
		n += is_auto_exec(&j->changes->v[i]);
	if (!n || !j->has_person)
		return 0;
	prompt = xasprintf("%zu of them can run by themselves on this "
			   "machine. Accept those, too? [y]es / [n]o:",
			   n);
	if (ask(j, prompt, &answer, err) < 0)
		return -1;
	*out = answer == ANSWER_YES || answer == ANSWER_ALL;
	return 0;
}

static int accept_rest(struct job *j, size_t from, struct err *err)
{
	size_t accepted = 0, rejected;
	bool auto_exec;

	if (confirm_auto_exec(j, from, &auto_exec, err) < 0)
		return -1;
	for (size_t i = from; i < j->changes->n; i++) {
		struct change *change = &j->changes->v[i];

		decide(j, change, auto_exec || !is_auto_exec(change));
		accepted += change->decision == CHANGE_ACCEPTED;
	}
	rejected = j->changes->n - from - accepted;
	if (buf_addf(&j->screen, err, "Accepted remaining %zu file(s)\n",
		     accepted) < 0)
		return -1;
	return rejected ? buf_addf(&j->screen, err,
				   "Rejected %zu file(s) that run by "
				   "themselves\n",
				   rejected)
			: 0;
}

static int reject_rest(struct job *j, size_t from, struct err *err)
{
	for (size_t i = from; i < j->changes->n; i++)
		decide(j, &j->changes->v[i], /* accept */ false);
	return buf_addf(&j->screen, err, "Rejected remaining %zu file(s)\n",
			j->changes->n - from);
}

/* 1 when the remaining changes are decided, too. */
static int review_one(struct job *j, size_t i, struct err *err)
{
	struct change *change = &j->changes->v[i];
	auto_free char *path = text_visible(change->path);
	auto_free char *prompt = xasprintf(
		"Apply %s? [y]es / [n]o / accept [a]ll / reject [A]ll:", path);
	enum answer answer = ANSWER_NO;

	if (add_change(j, i, err) < 0 || ask(j, prompt, &answer, err) < 0)
		return -1;
	switch (answer) {
	case ANSWER_YES:
		return decide_one(j, change, /* accept */ true, err);
	case ANSWER_NO:
		return decide_one(j, change, /* accept */ false, err);
	case ANSWER_ALL:
		return accept_rest(j, i, err) < 0 ? -1 : 1;
	case ANSWER_NONE:
		return reject_rest(j, i, err) < 0 ? -1 : 1;
	case ANSWER_INVALID:
		break;
	}
	/* ask() does not return that one. */
	assert(false);
	return -1;
}

static int add_end(struct job *j, struct err *err)
{
	size_t accepted = change_list_accepted(j->changes);

	if (add(j, STYLE_DIM, err, "\n━━━ Review complete: ") < 0 ||
	    add(j, STYLE_GREEN, err, "%zu accepted", accepted) < 0 ||
	    buf_adds(&j->screen, ", ", err) < 0 ||
	    add(j, STYLE_RED, err, "%zu rejected", j->changes->n - accepted) <
		    0)
		return -1;
	return add(j, STYLE_DIM, err, " ━━━\n");
}

static int run(struct job *j, struct err *err)
{
	int r = 0;

	if (add_list(j, err) < 0)
		return -1;
	for (size_t i = 0; i < j->changes->n && !r; i++)
		r = review_one(j, i, err);
	if (r < 0 || add_end(j, err) < 0)
		return -1;
	return show(j, err);
}

static int terminal_review(struct workspace_reviewer *base,
			   const struct workspace_snapshot *s,
			   struct change_list *changes, struct err *err)
{
	struct terminal_reviewer *r =
		container_of(base, struct terminal_reviewer, base);
	struct job j = {
		.config = &r->config,
		.snapshot = s,
		.changes = changes,
		.reader = { .fd = r->config.in_fd, .loop = r->config.loop },
		.screen = BUF_INIT(SCREEN_MAX),
		.styled = !r->config.no_color && isatty(r->config.out_fd),
		.has_person = isatty(r->config.in_fd),
	};
	int result;

	for (size_t i = 0; i < changes->n; i++)
		changes->v[i].decision = CHANGE_REJECTED;
	result = changes->n ? run(&j, err) : 0;
	buf_release(&j.screen);
	/* Half a review is none. */
	for (size_t i = 0; result < 0 && i < changes->n; i++)
		changes->v[i].decision = CHANGE_REJECTED;
	return result;
}

static const struct workspace_reviewer_ops terminal_ops = {
	.review = terminal_review,
};

struct workspace_reviewer *
terminal_reviewer_new(const struct terminal_reviewer_config *config)
{
	struct terminal_reviewer *r = xcalloc(1, sizeof(*r));

	r->base.ops = &terminal_ops;
	r->config = *config;
	return &r->base;
}

void terminal_reviewer_free(struct workspace_reviewer *base)
{
	if (base)
		free(container_of(base, struct terminal_reviewer, base));
}
