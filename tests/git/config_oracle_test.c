// SPDX-License-Identifier: Apache-2.0
/*
 * config_oracle_test.c - our reading of random configurations against git's.
 *
 * For each text, made of pieces that have deceived filters and then damaged:
 *  - our parser lists what `git config --list` lists, or both refuse;
 *  - what git reads from the sanitised text is what it reads from the
 *    original, in order, but for what must not be there.
 *
 * Needs git; without it the tests are skipped.
 */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/git/config.h"
#include "domain/git/sanitise.h"
#include "infra/sys/proc.h"

#define ROUNDS	 300 /* unless $BBOX_TEST_ROUNDS says otherwise */
#define TEXT_MAX ((size_t)64 * 1024)

/* What git can read, and what reads differently when it is misread. */
static const char *const lines[] = {
	"[core]",
	"[Core]",
	"[core \"x\"]",
	"[core.x]",
	"[core \"a]b\\\"\"]",
	"[alias]",
	"[alias \"[core\"]",
	"[alias \"x] [core\"]",
	"[user]",
	"[remote \"o\"]",
	"[REMOTE \"o\"] ; x \\",
	"[remote.o]",
	"[branch \"m\"]",
	"[submodule \"s\"]",
	"[diff \"d\"]",
	"[merge \"m\"]",
	"[extensions]",
	"[include]",
	"[.core]",
	"[init]",
	"[gc]",
	"[http \"https://a:b@c\"]",
	"[remote \"https://a:b@c/\"]",
	"[core]sshCommand=x",
	"[core] [alias]",
	"[alias][core]",
	"[core]editor=x # y",
	"[core] # x",
	"[alias] bare = x",
	"[core] pager = x\\",
	"sshCommand",
	"\tSSHCOMMAND = x",
	" pager = x ; y",
	"editor=\"x # \\",
	"bare",
	"bare = false",
	"fsmonitor",
	"hooksPath = \"x\" y",
	"name = J D",
	"email=a@b",
	"signingkey=K",
	"pushurl=",
	"url",
	"url=https://u:p@h/r",
	"url = \"https://u:p@\"h # x",
	"url = git@h:r",
	"url = https://u:\\",
	"p@h",
	"URL=https://t@h",
	"remote = https://u:p@h/;x",
	"url=\"https://u:p@h/;x#y\"",
	"url = https://m/https://u:p@h/",
	"url=ssh://git@h/r",
	"textconv = a",
	"driver = b",
	"command=c",
	"update = !d \\",
	"path = /x",
	"worktreeConfig = true",
	"objectFormat=sha1",
	"templateDir=/x",
	"# x \\",
	"; \" x",
	"#://@",
	"",
	" ",
	"\t",
	"a = b \\",
	"a = b\\\\",
	"a = b\\\\\\",
	"a = \"b\\",
	"c\"",
	"a = \\\"b\\n\\tc\\\"",
	"a =   b  \t c  ",
	"a = \"  b \" \"\"  ",
	"a-1 = \xc3\xa9\xff\v",
	"a = \\",
	"a = # b",
	"a = [user]",
	"a = = b",
	"# x\rpager = y",
};

/* Anything, for the rest. */
static const char *const pieces[] = {
	"[ core]",  "[core ]", "[core",	 "[]",
	"]",	    "[",       "url = ", "https://",
	"u:p@h",    "x",       "=",	 " = ",
	" ",	    "\t",      "\n",	 "\r\n",
	"\r",	    "\v",      "\f",	 "\\",
	"\\\n",	    "\\\r\n",  "\\ \n",	 "\\n",
	"\\t",	    "\\\"",    "\\x",	 "\"",
	"\"\"",	    "#",       ";",	 "\xef\xbb\xbf",
	"\xc3\xa9", "\xff",    "-",	 ".",
	"1",	    "_",
};

static const char *const never[] = {
	"core.sshcommand",  "core.pager",      "core.editor",
	"core.fsmonitor",   "core.hookspath",  "diff.textconv",
	"diff.driver",	    "diff.command",    "merge.driver",
	"submodule.update", "user.signingkey", "extensions.worktreeconfig",
	"init.templatedir",
};

static const char *const sections[] = {
	"core", "user",	 "remote",     "branch", "submodule",
	"diff", "merge", "extensions", "init",	 "gc",
};

struct fixture {
	char *git; /* owned; NULL without git */
	unsigned int seed;
};

static unsigned int pick(struct fixture *f, size_t n)
{
	f->seed = f->seed * 1103515245 + 12345;
	return (f->seed >> 16) % (unsigned int)n;
}

static void add(struct buf *b, const char *p, size_t len)
{
	struct err err = ERR_INIT;

	CHECK(buf_add(b, p, len, &err) == 0, "%s", err.msg);
}

static void add_text(struct buf *b, const char *text)
{
	add(b, text, strlen(text));
}

static void make_text(struct fixture *f, struct buf *text)
{
	size_t n = 2 + pick(f, 12);

	if (pick(f, 16) == 0)
		add_text(text, "\xef\xbb\xbf");
	for (size_t i = 0; i < n; i++) {
		add_text(text, lines[pick(f, ARRAY_SIZE(lines))]);
		if (pick(f, 32) == 0)
			add_text(text, pieces[pick(f, ARRAY_SIZE(pieces))]);
		add_text(text, pick(f, 8) ? "\n" : "\r\n");
	}
	if (pick(f, 8) == 0)
		text->data[pick(f, text->len)] = "\"\\\n[]#= @x"[pick(f, 10)];
}

/* Runs `git config --list -z` on @text; false when git refuses it. */
static bool git_list(struct fixture *f, struct span text, struct buf *out)
{
	const char *const argv[] = { "git",    "config", "--file", "-",
				     "--list", "-z",	 NULL };
	const char *const envp[] = { "HOME=/nonexistent", "LC_ALL=C",
				     "GIT_CONFIG_NOSYSTEM=1", NULL };
	FILE *file = tmpfile();
	struct proc_spec spec = { .path = f->git,
				  .argv = argv,
				  .envp = envp,
				  .stdio = { -1, -1, -1 } };
	struct err err = ERR_INIT;
	int r;

	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	rewind(file);
	spec.stdio[0] = fileno(file);
	r = proc_run(&spec, out, &err);
	fclose(file);
	CHECK(r == 0 || strstr(err.msg, "bad config"), "%s", err.msg);
	return r == 0;
}

/* The same from our parser, blanks made spaces as old versions of git do. */
static bool our_list(struct span text, struct buf *out)
{
	auto_git_config_parser struct git_config_parser p;
	struct git_config_item item;
	struct err err = ERR_INIT;
	int r;

	git_config_parser_init(&p, text);
	while ((r = git_config_take(&p, &item, &err)) > 0) {
		if (item.kind != GIT_CONFIG_ENTRY)
			continue;
		add(out, p.section.data, p.section.len);
		add(out, ".", p.has_subsection);
		add(out, p.subsection.data, p.subsection.len);
		add(out, ".", p.section.len || p.has_subsection);
		add(out, p.key.data, p.key.len);
		add(out, "\n", item.has_value);
		add(out, p.value.data, p.value.len);
		add(out, "", 1);
	}
	return r == 0;
}

static void blanks_to_spaces(struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if (b->data[i] == '\t' || b->data[i] == '\r')
			b->data[i] = ' ';
	}
}

/* Git refuses a backslash with blanks behind it, we take it for one. */
static bool has_lenient_escape(const char *text)
{
	for (; (text = strchr(text, '\\')); text++) {
		if (text[1] && strchr(" \t\r", text[1]))
			return true;
	}
	return false;
}

static void check_parser(struct fixture *f, struct span text)
{
	auto_buf struct buf want = BUF_INIT(TEXT_MAX), got = BUF_INIT(TEXT_MAX);
	bool git_ok = git_list(f, text, &want), ours = our_list(text, &got);
	const char *shown = text.p;

	if (!git_ok && has_lenient_escape(shown))
		return;
	CHECK(git_ok == ours, "git %s, we do not: '%s'",
	      git_ok ? "reads" : "refuses", shown);
	if (!git_ok)
		return;
	blanks_to_spaces(&want);
	blanks_to_spaces(&got);
	CHECK(want.len == got.len && !memcmp(want.data, got.data, got.len),
	      "read differently: '%s'", shown);
}

/* One entry of git's list: "section.sub.key", and "\nvalue" perhaps. */
struct entry {
	char *name, *value; /* owned; value NULL without '=' */
};

static bool next_entry(struct span *rest, struct entry *e)
{
	struct span all, name;

	free(e->name);
	free(e->value);
	*e = (struct entry){ .name = NULL };
	if (!span_take_until(rest, '\0', &all))
		return false;
	if (!span_take_until(&all, '\n', &name))
		name = (struct span){ .p = "", .len = 0 };
	e->name = xmemdup0(name.p, name.len);
	/* With '\n', the span has moved past it even when nothing follows. */
	if ((const char *)all.p > (const char *)name.p + name.len)
		e->value = xmemdup0(all.p, all.len);
	return true;
}

static bool is_forbidden(const struct entry *e)
{
	const char *dot = strchr(e->name, '.'), *key = strrchr(e->name, '.');
	auto_free char *section = NULL;
	auto_free char *both = NULL;

	if (!dot)
		return true;
	section = xmemdup0(e->name, (size_t)(dot - e->name));
	both = xasprintf("%s%s", section, key);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		if (!strcmp(both, never[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (!strcmp(section, sections[i]))
			return !strcmp(section, "user") &&
			       strcmp(key, ".name") && strcmp(key, ".email");
	}
	return true;
}

static bool may_hide(const char *s)
{
	return s && strstr(s, "://") && strchr(s, '@');
}

/* May @e be missing though it is not forbidden? */
static bool may_be_dropped(const struct entry *e)
{
	bool is_url = text_ends_with(e->name, "url");

	return may_hide(e->name) || may_hide(e->value) ||
	       (is_url && (!e->value || !*e->value));
}

static bool same_value(const struct entry *a, const struct entry *b)
{
	return a->value && b->value ? !strcmp(a->value, b->value)
				    : a->value == b->value;
}

/* Is the value of @b that of @a without its user? */
static bool is_without_user(const struct entry *a, const struct entry *b)
{
	const char *rest = b->value ? strstr(b->value, "://") : NULL;

	return rest && may_hide(a->value) &&
	       strlen(b->value) < strlen(a->value) &&
	       text_ends_with(a->value, rest + 3);
}

/* Every entry of @after is one of @before; those in between may be missing. */
static void compare(struct span before, struct span after, const char *text)
{
	struct entry a = { .name = NULL }, b = { .name = NULL };
	bool more = next_entry(&after, &b);

	while (next_entry(&before, &a)) {
		bool same = more && !strcmp(a.name, b.name);

		if (is_forbidden(&a))
			continue;
		if (same && (same_value(&a, &b) || is_without_user(&a, &b))) {
			CHECK(!b.value || !strstr(b.value, "://u:p@"),
			      "password of '%s' stays: '%s'", b.name, text);
			more = next_entry(&after, &b);
			continue;
		}
		CHECK(may_be_dropped(&a), "'%s' is missing: '%s'", a.name,
		      text);
	}
	CHECK(!more, "'%s' is new: '%s'", b.name, text);
}

/* The filter makes line ends LF before it reads. */
static void with_lf(struct span text, struct buf *out)
{
	const char *p = text.p;

	for (size_t i = 0; i < text.len; i++) {
		if (p[i] != '\n' || !i || p[i - 1] != '\r')
			add(out, p[i] == '\r' ? "\n" : p + i, 1);
	}
}

static void check_filter(struct fixture *f, struct span text)
{
	auto_buf struct buf plain = BUF_INIT(TEXT_MAX);
	auto_buf struct buf clean = BUF_INIT(TEXT_MAX);
	auto_buf struct buf before = BUF_INIT(TEXT_MAX);
	auto_buf struct buf after = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	bool git_ok, ours;

	with_lf(text, &plain);
	git_ok = git_list(f, buf_span(&plain), &before);
	ours = git_config_sanitise(text, &clean, &err) == 0;
	CHECK(!git_ok || ours, "%s: '%s'", err.msg, plain.data);
	if (!ours)
		return;
	if (!git_list(f, buf_span(&clean), &after)) {
		CHECK(!git_ok, "made unreadable: '%s' of '%s'", clean.data,
		      plain.data);
		return;
	}
	if (git_ok)
		compare(buf_span(&before), buf_span(&after), plain.data);
	else
		/* Nothing to compare with, but nothing bad either. */
		compare(buf_span(&after), buf_span(&after), clean.data);
}

static void test_random_texts_are_read_as_git_reads_them(void **state)
{
	struct fixture *f = *state;
	const char *text = getenv("BBOX_TEST_ROUNDS");
	uint64_t rounds = ROUNDS;

	if (!f->git)
		skip();
	if (text && !text_parse_u64(text, 1000000, &rounds))
		fail_msg("BBOX_TEST_ROUNDS is no number");
	for (uint64_t i = 0; i < rounds; i++) {
		auto_buf struct buf b = BUF_INIT(TEXT_MAX);

		f->seed = (unsigned int)i * 7919;
		make_text(f, &b);
		check_parser(f, buf_span(&b));
		check_filter(f, buf_span(&b));
	}
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	/* Without git there is nothing to compare with. */
	discard(proc_find("git", getenv("PATH"), &f->git, ERR_IGNORE));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->git);
	free(f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_random_texts_are_read_as_git_reads_them, set_up,
			tear_down),
	};

	return RUN_TESTS(tests);
}
