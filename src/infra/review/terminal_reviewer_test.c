// SPDX-License-Identifier: Apache-2.0
#include "infra/review/terminal_reviewer.h"

#include "support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/review/screen.h"
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

static void add_hunk(struct hunk_list *list, size_t line, const char *text)
{
	const struct hunk h = { .old_line = line,
				.old_count = 1,
				.new_line = line,
				.new_count = 1,
				.text = xstrdup(text),
				.text_len = strlen(text) };

	hunk_list_add(list, &h);
}

static int fake_split(struct workspace_differ *d unused,
		      const struct workspace_snapshot *s unused,
		      const struct change *change, struct hunk_list *out,
		      struct err *err)
{
	if (!strcmp(change->path, "binary"))
		return err_set(err, ERR_UNSUPPORTED, "'binary' is binary");
	*out = (struct hunk_list){ .before = xstrdup("a\nb\nc\n"),
				   .after = xstrdup("A\nb\nC\n"),
				   .before_len = 6,
				   .after_len = 6 };
	add_hunk(out, 0, "@@ -1 +1 @@ \033[2Jx\n-a\n+A\xe2\x80\xae\n");
	add_hunk(out, 2, "@@ -3 +3 @@\n-c\n+C\n");
	return hunk_list_locate(out, err);
}

/* What was staged is told by the target, which a file does not have. */
static int fake_stage(struct workspace_differ *d unused,
		      const struct workspace_snapshot *s unused,
		      struct change *change, struct span content,
		      struct err *err)
{
	if (!strcmp(change->path, "full"))
		return err_set(err, ERR_LIMIT, "no space");
	free(change->target);
	change->target = xmemdup0(content.p, content.len);
	return 0;
}

static int fake_take_theirs(struct workspace_differ *d unused,
			    const struct workspace_snapshot *s unused,
			    struct change *change, struct err *err)
{
	if (!strcmp(change->path, "again"))
		return err_set(err, ERR_CONFLICT, "'again' was changed again");
	change->is_conflict = false;
	change->target = xstrdup("theirs");
	return 0;
}

static int fake_merge(struct workspace_differ *d unused,
		      const struct workspace_snapshot *s unused,
		      struct change *change, bool *clean,
		      struct err *err unused)
{
	*clean = !strcmp(change->path, "clean");
	change->is_conflict = false;
	change->target = xstrdup("both");
	return 0;
}

static const struct workspace_differ_ops fake_ops = {
	.text = fake_text,
	.split = fake_split,
	.stage = fake_stage,
	.take_theirs = fake_take_theirs,
	.merge = fake_merge,
};
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
	struct err err; /* of a review that failed */
};

/* @word: "+a", "~b", "-c", "@link", "!conflict", "*program". */
static void add_change(struct change_list *list, struct span word)
{
	const char *p = word.p;
	const struct change change = {
		.path = xmemdup0(p + 1, word.len - 1),
		.kind = *p == '+' || *p == '@' ? CHANGE_ADDED
			: *p == '-'	       ? CHANGE_DELETED
					       : CHANGE_MODIFIED,
		.type = *p == '@' ? CHANGE_SYMLINK : CHANGE_FILE,
		.mode = *p == '*' ? 0755 : 0644,
		.hash = "new",
		.base_known = *p != '+' && *p != '@',
		.base_mode = 0644,
		.base_hash = "old",
		.is_conflict = *p == '!',
		.target = *p == '@' ? xstrdup("x\n\033[2J") : NULL,
	};

	change_list_add(list, &change);
}

/* Types a line whenever a prompt is there; what is shown goes to @copy. */
static void be_person(int terminal, int copy, const char *input)
{
	static const char prompt_end[] = ": ";
	char text[65536];
	size_t len = 0;
	ssize_t n;

	while ((n = read(terminal, text + len, sizeof(text) - len)) > 0) {
		const char *end = strpbrk(input, "\r\n");

		if (write(copy, text + len, (size_t)n) != n)
			_exit(1);
		len += (size_t)n;
		if (!end || len < 2 || memcmp(text + len - 2, prompt_end, 2))
			continue;
		len = 0;
		n = end + 1 - input;
		if (write(terminal, input, (size_t)n) != n)
			_exit(1);
		input = end + 1;
	}
	_exit(0);
}

static pid_t start_person(const int fds[2], int copy, const char *input)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		close(fds[1]);
		be_person(fds[0], copy, input);
	}
	return pid;
}

static void run_review(struct session *s, int in, int out)
{
	struct workspace_reviewer *r =
		terminal_reviewer_new(&(struct terminal_reviewer_config){
			.log = &quiet,
			.differ = &fake_differ,
			.in_fd = in,
			.out_fd = out,
			.no_color = true,
		});
	struct err err = ERR_INIT;

	if (workspace_reviewer_review(r, &snapshot, &s->changes, &err) < 0)
		s->err = err;
	terminal_reviewer_free(r);
}

static void review_on_terminal(struct session *s, const char *input, int copy)
{
	int fds[2], status;
	pid_t person;

	open_pty(fds);
	/* Typed ahead of every question: it must not answer one. */
	assert_int_equal(write(fds[0], "y\r", 2), 2);
	person = start_person(fds, copy, input);
	run_review(s, fds[1], fds[1]);
	fd_close(&fds[1]);
	assert_int_equal(waitpid(person, &status, 0), person);
	assert_int_equal(status, 0);
	fd_close(&fds[0]);
}

static void review_from_pipe(struct session *s, const char *input, int out)
{
	struct err err = ERR_INIT;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(fd_write_all(fds[1], input, strlen(input), &err), &err);
	fd_close(&fds[1]);
	run_review(s, fds[0], out);
	fd_close(&fds[0]);
}

/* @input is what the user types, line by line. */
static void review(struct session *s, const char *paths, const char *input,
		   enum input from)
{
	struct span rest = SPAN_STR(paths), word;
	struct err err = ERR_INIT;
	int out = fd_memfd("output", &err);

	*s = (struct session){ .output = BUF_INIT(1024 * 1024) };
	while (span_take_until(&rest, ' ', &word))
		add_change(&s->changes, word);
	if (from == FROM_TERMINAL)
		review_on_terminal(s, input, out);
	else
		review_from_pipe(s, input, out);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	CHECK_OK(fd_read_all(out, &s->output, &err), &err);
	fd_close(&out);
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
	const char *decisions;	   /* y, n or l(ater) for each change */
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
	{ "RI11", "~Makefile", "y\n", FROM_TERMINAL, "y", "⚠ SECURITY: ",
	  "build system" },
	{ "build without a terminal", "~Makefile ~a", "y\ny\n", FROM_PIPE,
	  "ny", "SECURITY", "needs an answer on a terminal" },
	{ "all, builds from a pipe", "~Makefile ~a", "a\n", FROM_PIPE, "ny",
	  "Accepted remaining 1 file(s)", "Rejected 1 file(s) that can run" },
	{ "typed ahead", "~a ~b", "n\rn\r", FROM_TERMINAL, "nn", NULL, NULL },
	{ "quit", "~a ~b ~c", "y\nq\n", FROM_PIPE, "yll",
	  "Kept for later: remaining 2 file(s)",
	  "1 accepted, 0 rejected, 2 kept for later" },
	{ "quit at once", "~a", "QUIT\r", FROM_TERMINAL, "l",
	  "0 accepted, 0 rejected, 1 kept for later", NULL },
	{ "help", "~a", "?\ny\n", FROM_PIPE, "y", "  A  reject it and all",
	  "  n  reject it (or just Enter)" },
	{ "help of the new file", "+a", "?\nh\ny\n", FROM_PIPE, "y",
	  "Invalid input", "  q  decide about it" },
	{ "case of all", "~a ~b", "ALL\nA\n", FROM_PIPE, "nn",
	  "Invalid input", "Rejected remaining 2 file(s)" },
	{ "no hunks", "~binary", "h\ny\n", FROM_PIPE, "y",
	  "Not hunk by hunk: 'binary' is binary", NULL },
	{ "all hunks", "~a", "h\ny\ny\n", FROM_PIPE, "y",
	  "Hunk 2/2 of a? ", "Accepted 2 of 2 hunk(s)" },
	{ "hunk header and body are visible", "~a", "h\nd\n", FROM_PIPE, "n",
	  "@@ -1 +1 @@ \\x1b[2Jx\n", "+A\\u{202e}\n" },
	{ "hunks, end of input", "~a ~b", "h\n", FROM_PIPE, "nn",
	  "Accepted 0 of 2 hunk(s)", NULL },
	{ "hunks, quit", "~a ~b", "h\ny\nq\n", FROM_PIPE, "ll",
	  "Kept for later: remaining 2 file(s)", NULL },
	{ "hunks, bulk reject is none", "~a", "h\nA\nd\n", FROM_PIPE, "n",
	  "Invalid input", "  d  reject it and the rest of the file" },
	{ "hunks of a hook without a terminal", "~.husky/x", "h\na\n",
	  FROM_PIPE, "n", "needs an answer on a terminal", NULL },
	{ "conflict, mine", "!a", "\r", FROM_TERMINAL, "n", "⚠ CONFLICT: ",
	  "Conflict in a: keep [m]ine / take [t]heirs / [b]oth with markers: " },
	{ "conflict, later", "!a ~b", "q\r", FROM_TERMINAL, "ll",
	  "  ~ a (conflict)\n", "Kept for later: remaining 2 file(s)" },
	{ "conflict, not yes", "!a", "y\rm\r", FROM_TERMINAL, "n",
	  "Invalid input", "  m  keep your version, reject the agent's (or" },
	{ "conflict, changed again", "!again", "t\rm\r", FROM_TERMINAL, "n",
	  "Not done: 'again' was changed again", NULL },
	{ "conflict without a terminal", "!a ~b", "t\ny\n", FROM_PIPE, "ly",
	  "a conflict needs an answer on a terminal", "Invalid input" },
	{ "all, but no conflicts", "~a !b ~c", "a\n", FROM_PIPE, "yly",
	  "Accepted remaining 2 file(s)",
	  "Kept for later: 1 file(s) that you changed, too" },
	{ "hostile conflict", "!a\033[1A\nb", "m\r", FROM_TERMINAL, "n",
	  "Conflict in a\\x1b[1A\\nb: ", NULL },
	{ "git's own", "~.git/HEAD ~.git/index ~b", "y\nn\n", FROM_PIPE,
	  "yyn", "  ~ .git/ (2 changes)\n",
	  "Apply .git/ (2 changes)? [y]es / [n]o / accept [a]ll / reject "
	  "[A]ll: " },
	{ "git's own, listed", "+.git/a\033 ~.git/b -.git/c", "l\nn\n",
	  FROM_PIPE, "nnn", "  + .git/a\\x1b\n  ~ .git/b\n  - .git/c\n",
	  "1 added, 1 modified, 1 deleted" },
	{ "git's sensitive ones apart",
	  "~.git/HEAD ~.git/hooks/x ~.git/index", "y\ny\n", FROM_PIPE, "yny",
	  "Change 2/2: [modified] .git/hooks/x", "AUTO-EXEC" },
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

static const char letters[] = {
	[CHANGE_REJECTED] = 'n',
	[CHANGE_ACCEPTED] = 'y',
	[CHANGE_POSTPONED] = 'l',
};

static void test_answers_decide(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(review_cases); i++) {
		const struct review_case *c = &review_cases[i];
		struct session s;

		review(&s, c->paths, c->input, c->from);
		CHECK(s.err.kind == ERR_NONE, "%s: %s", c->name, s.err.msg);
		for (size_t k = 0; k < s.changes.n; k++)
			CHECK(letters[s.changes.v[k].decision] ==
				      c->decisions[k],
			      "%s: change %zu in:\n%s", c->name, k,
			      s.output.data);
		CHECK(!c->says || strstr(s.output.data, c->says),
		      "%s: no '%s' in:\n%s", c->name, c->says, s.output.data);
		CHECK(!c->and_says || strstr(s.output.data, c->and_says),
		      "%s: no '%s' in:\n%s", c->name, c->and_says,
		      s.output.data);
		CHECK(!strchr(s.output.data, '\033'), "%s: escapes", c->name);
		release(&s);
	}
}

/* What becomes the content, and the mode, of one accepted change. */
static const struct content_case {
	const char *name, *path, *input;
	const char *staged; /* NULL: the guest's own stays */
	unsigned int mode;
} content_cases[] = {
	{ "first hunk", "~a", "h\ry\rn\r", "A\nb\nc\n", 0644 },
	{ "second hunk", "~a", "h\rn\ry\r", "a\nb\nC\n", 0644 },
	{ "rest rejected", "~a", "h\ry\rd\r", "A\nb\nc\n", 0644 },
	{ "rest accepted", "~a", "h\ra\r", NULL, 0644 },
	{ "mode alone", "*a", "h\ry\rd\r", "a\nb\nc\n", 0755 },
	{ "hunks without mode", "*a", "h\rn\ra\r", NULL, 0644 },
	{ "hunk and mode", "*a", "h\ry\ry\rn\r", "A\nb\nc\n", 0755 },
	{ "theirs", "!a", "t\r", "theirs", 0644 },
	{ "both", "!a", "both\r", "both", 0644 },
};

static void test_answers_make_the_content(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(content_cases); i++) {
		const struct content_case *c = &content_cases[i];
		const struct change *change;
		struct session s;

		review(&s, c->path, c->input, FROM_TERMINAL);
		change = &s.changes.v[0];
		CHECK(change->decision == CHANGE_ACCEPTED, "%s: rejected:\n%s",
		      c->name, s.output.data);
		CHECK(!c->staged == !change->target &&
			      (!c->staged ||
			       !strcmp(c->staged, change->target)),
		      "%s: staged '%s'", c->name,
		      change->target ? change->target : "nothing");
		CHECK(change->mode == c->mode, "%s: mode %o", c->name,
		      change->mode);
		release(&s);
	}
}

static void test_merge_says_whether_there_are_markers(void **state unused)
{
	struct session s;

	review(&s, "!clean !dirty", "b\rb\r", FROM_TERMINAL);
	assert_non_null(strstr(s.output.data, "no markers were needed"));
	assert_non_null(strstr(s.output.data, "look for the markers"));
	release(&s);
}

static void test_failed_review_accepts_nothing(void **state unused)
{
	struct session s;

	review(&s, "~a ~full", "y\nh\ny\nn\n", FROM_PIPE);
	CHECK(s.err.kind == ERR_LIMIT, "%s", s.err.msg);
	assert_int_equal(change_list_accepted(&s.changes), 0);
	release(&s);
}

/* A line of the file must not look like one of the diff. */
static void test_lines_of_a_file_are_no_headers(void **state unused)
{
	static const char diff[] = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"
				   "@@ -1 +1 @@\n--- a/forged\n"
				   "+++ b/forged\n";
	struct screen s = SCREEN_INIT(-1, /* with_styles */ true);
	struct err err = ERR_INIT;

	CHECK_OK(screen_add_diff(&s, SPAN_STR(diff), &err), &err);
	assert_non_null(strstr(s.text.data, STYLE_BOLD "--- a/x"));
	assert_non_null(strstr(s.text.data, STYLE_RED "--- a/forged"));
	assert_non_null(strstr(s.text.data, STYLE_GREEN "+++ b/forged"));
	screen_release(&s);
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
		cmocka_unit_test(test_answers_make_the_content),
		cmocka_unit_test(test_merge_says_whether_there_are_markers),
		cmocka_unit_test(test_failed_review_accepts_nothing),
		cmocka_unit_test(test_lines_of_a_file_are_no_headers),
		cmocka_unit_test(test_colours_need_a_terminal_that_wants_them),
		cmocka_unit_test(test_nothing_to_review_is_not_shown),
	};

	return RUN_TESTS(tests);
}
