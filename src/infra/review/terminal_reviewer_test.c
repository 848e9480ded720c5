// SPDX-License-Identifier: Apache-2.0
#include "infra/review/terminal_reviewer.h"

#include "support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

static struct log quiet = LOG_DISCARD;
static const struct workspace_snapshot snapshot;

/* Its diffs name the path and try to move the cursor. */
static int fake_text(struct workspace_differ *d unused,
		     const struct workspace_snapshot *s unused,
		     const struct change *change, struct buf *out,
		     struct err *err)
{
	if (!strcmp(change->path, "broken"))
		return err_set(err, ERR_INVALID, "cannot compare");
	return buf_adds(out, "@@ -1 +1 @@\n-old\n+\033[2Jnew\ttab\n", err);
}

static const struct workspace_differ_ops fake_ops = { .text = fake_text };
static struct workspace_differ fake_differ = { .ops = &fake_ops };

enum input { FROM_PIPE, FROM_TERMINAL };

/* A pair of connected terminal ends in raw mode. */
static void open_pty(int out[2])
{
	struct termios t;

	out[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(out[0] >= 0 && !grantpt(out[0]) && !unlockpt(out[0]));
	out[1] = open(ptsname(out[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(out[1] >= 0);
	assert_int_equal(tcgetattr(out[1], &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(out[1], TCSANOW, &t), 0);
}

struct session {
	struct change_list changes;
	struct buf output;
};

/* @paths: "+a ~b -c @link"; @input is what the user types. */
static void review(struct session *s, const char *paths, const char *input,
		   enum input from)
{
	struct span rest = SPAN_STR(paths), word;
	struct workspace_reviewer *r;
	struct err err = ERR_INIT;
	int out = fd_memfd("output", &err);
	int fds[2];

	*s = (struct session){ .output = BUF_INIT(1024 * 1024) };
	while (span_take_until(&rest, ' ', &word)) {
		const char *p = word.p;
		const struct change change = {
			.path = xmemdup0(p + 1, word.len - 1),
			.kind = *p == '+' || *p == '@' ? CHANGE_ADDED
				: *p == '~'	       ? CHANGE_MODIFIED
						       : CHANGE_DELETED,
			.type = *p == '@' ? CHANGE_SYMLINK : CHANGE_FILE,
			.target = *p == '@' ? xstrdup("x\n\033[2J") : NULL,
		};

		change_list_add(&s->changes, &change);
	}
	if (from == FROM_TERMINAL) {
		open_pty(fds);
		/* The reviewer has the end of the terminal, [1]. */
		CHECK_OK(fd_write_all(fds[0], input, strlen(input), &err),
			 &err);
	} else {
		int swap;

		CHECK_OK(fd_pipe(fds, &err), &err);
		CHECK_OK(fd_write_all(fds[1], input, strlen(input), &err),
			 &err);
		fd_close(&fds[1]);
		swap = fds[0];
		fds[0] = fds[1];
		fds[1] = swap;
	}
	r = terminal_reviewer_new(&(struct terminal_reviewer_config){
		.log = &quiet,
		.differ = &fake_differ,
		.in_fd = fds[1],
		.out_fd = out,
	});
	CHECK_OK(workspace_reviewer_review(r, &snapshot, &s->changes, &err),
		 &err);
	terminal_reviewer_free(r);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	CHECK_OK(fd_read_all(out, &s->output, &err), &err);
	fd_close(&out);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void release(struct session *s)
{
	change_list_release(&s->changes);
	buf_release(&s->output);
}

/* clang-format off */
static const struct review_case {
	const char *name, *paths, *input;
	enum input from;
	const char *decisions;	   /* y or n for each change */
	const char *says, *and_says; /* NULL: nothing special */
} review_cases[] = {
	{ "RI1", "~a ~b", "y\ny\n", FROM_PIPE, "yy", NULL, NULL },
	{ "RI2", "~a ~b", "n\nn\n", FROM_PIPE, "nn", NULL, NULL },
	{ "RI3", "~a", "\n", FROM_PIPE, "n", NULL, NULL },
	{ "RI4", "~a ~b ~c", "yes\nno\nn\n", FROM_PIPE, "ynn", NULL, NULL },
	{ "RI5", "~a", "", FROM_PIPE, "n", NULL, NULL },
	{ "end in the middle", "~a ~b ~c", "y\n", FROM_PIPE, "ynn", NULL,
	  NULL },
	{ "RI6", "~a", "x\nmaybe\ny\n", FROM_PIPE, "y", "Invalid input",
	  NULL },
	{ "RI7", "+a.go ~m.go", "", FROM_PIPE, "nn",
	  "━━━ Workspace Review ━━━\n2 file(s) changed:\n\n",
	  "  + a.go\n  ~ m.go\n" },
	{ "heading", "+a.go -m.go", "", FROM_PIPE, "nn",
	  "── Change 2/2: [deleted] m.go ──\n", "Apply m.go? [y]es / [n]o / "
	  "accept [a]ll / reject [A]ll: " },
	{ "RI8", "~a ~b ~c", "y\na\n", FROM_PIPE, "yyy",
	  "Accepted remaining 2 file(s)", "3 accepted, 0 rejected" },
	{ "RI9", "~a ~b ~c", "y\nA\n", FROM_PIPE, "ynn",
	  "Rejected remaining 2 file(s)", "1 accepted, 2 rejected" },
	{ "RI10", "+.git/hooks/pre-commit", "y\n", FROM_TERMINAL, "y",
	  "⚠ AUTO-EXEC: ", "git hook" },
	{ "hook without a terminal", "+.git/hooks/pre-commit ~a", "y\ny\n",
	  FROM_PIPE, "ny", "AUTO-EXEC", "needs an answer on a terminal" },
	{ "RI11", "~Makefile", "y\n", FROM_PIPE, "y", "⚠ SECURITY: ",
	  "build system" },
	{ "carriage returns", "~a ~b", "y\rYES\r", FROM_TERMINAL, "yy", NULL,
	  NULL },
	{ "all, hooks as well", "+.husky/x ~a", "a\ny\n", FROM_TERMINAL, "yy",
	  "1 of them can run by themselves", "Accepted remaining 2 file(s)" },
	{ "all, but no hooks", "+.husky/x ~a", "a\nn\n", FROM_TERMINAL, "ny",
	  "Accepted remaining 1 file(s)",
	  "Rejected 1 file(s) that run by themselves" },
	{ "all, from a pipe", "+.husky/x ~a", "a\ny\n", FROM_PIPE, "ny",
	  "Accepted remaining 1 file(s)", NULL },
	{ "no diff", "~broken", "y\n", FROM_PIPE, "y",
	  "no diff: cannot compare", NULL },
	{ "hostile name", "~a\033[1A\nb", "y\n", FROM_PIPE, "y",
	  "Apply a\\x1b[1A\\nb? ", "  ~ a\\x1b[1A\\nb\n" },
	{ "symlink", "@l", "y\n", FROM_PIPE, "y",
	  "  + l (new symlink -> 'x\\n\\x1b[2J')\n",
	  "[added] l (new symlink -> 'x\\n\\x1b[2J') ──\n" },
	{ "symlink for settings", "@.claude ~a", "y\ny\n", FROM_PIPE, "ny",
	  "AUTO-EXEC", "needs an answer on a terminal" },
	{ "hostile diff", "~a", "y\n", FROM_PIPE, "y", "+\\x1b[2Jnew\ttab\n",
	  NULL },
};
/* clang-format on */

static void test_answers_decide(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(review_cases); i++) {
		const struct review_case *c = &review_cases[i];
		struct session s;

		review(&s, c->paths, c->input, c->from);
		for (size_t k = 0; k < s.changes.n; k++)
			CHECK((s.changes.v[k].decision == CHANGE_ACCEPTED) ==
				      (c->decisions[k] == 'y'),
			      "%s: change %zu", c->name, k);
		CHECK(!c->says || strstr(s.output.data, c->says),
		      "%s: no '%s' in:\n%s", c->name, c->says, s.output.data);
		CHECK(!c->and_says || strstr(s.output.data, c->and_says),
		      "%s: no '%s' in:\n%s", c->name, c->and_says,
		      s.output.data);
		CHECK(!strchr(s.output.data, '\033'), "%s: escapes", c->name);
		release(&s);
	}
}

/* Reads what a review wrote to a terminal. */
static void check_styles(bool no_color, bool want)
{
	auto_close int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct change change = { .path = xstrdup("Makefile"),
				 .kind = CHANGE_MODIFIED };
	struct change_list changes = CHANGE_LIST_INIT;
	struct workspace_reviewer *r;
	struct err err = ERR_INIT;
	char text[16384] = "";
	int fds[2];

	change_list_add(&changes, &change);
	open_pty(fds);
	r = terminal_reviewer_new(&(struct terminal_reviewer_config){
		.log = &quiet,
		.differ = &fake_differ,
		.in_fd = in,
		.out_fd = fds[1],
		.no_color = no_color,
	});
	CHECK_OK(workspace_reviewer_review(r, &snapshot, &changes, &err), &err);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_int_equal(!!strstr(text, "\033[1;33m⚠ SECURITY: "), want);
	assert_int_equal(!!strstr(text, "\033[31m-old\033[0m"), want);
	assert_int_equal(!!strchr(text, '\033'), want);
	terminal_reviewer_free(r);
	change_list_release(&changes);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void test_colours_need_a_terminal_that_wants_them(void **state unused)
{
	check_styles(/* no_color */ false, /* want */ true);
	check_styles(/* no_color */ true, /* want */ false);
}

static void test_nothing_to_review_is_not_shown(void **state unused)
{
	struct session s;

	review(&s, "", "", FROM_PIPE);
	assert_string_equal(s.output.data, "");
	release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_decide),
		cmocka_unit_test(test_colours_need_a_terminal_that_wants_them),
		cmocka_unit_test(test_nothing_to_review_is_not_shown),
	};

	return RUN_TESTS(tests);
}
