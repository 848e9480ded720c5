// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/session_note.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

static void write_note(struct buf *out)
{
	struct exclude *hidden = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct exclude *unwritten = exclude_new(EXCLUDE_FOR_DIFF);
	auto_free char *workspace = xstrdup("/home/me/a\nb");
	auto_free char *name = xstrdup("claude-code");
	const struct session_note n = {
		.workspace = workspace,
		.name = name,
		.started_s = 1700000000,
		.snapshot_exclude = hidden,
		.diff_exclude = unwritten,
	};
	struct err err = ERR_INIT;

	CHECK_OK(exclude_add_pattern(hidden, "data/", &err), &err);
	CHECK_OK(exclude_add_pattern(unwritten, "*.log", &err), &err);
	exclude_also(unwritten, hidden);
	CHECK_OK(session_note_write(&n, out, &err), &err);
	exclude_free(unwritten);
	exclude_free(hidden);
}

static void test_note_comes_back(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(SESSION_NOTE_MAX);
	auto_session_note struct session_note n = SESSION_NOTE_INIT;
	struct err err = ERR_INIT;

	write_note(&text);
	CHECK_OK(session_note_parse(buf_span(&text), &n, &err), &err);
	assert_string_equal(n.workspace, "/home/me/a\nb");
	assert_string_equal(n.name, "claude-code");
	assert_true(n.started_s == 1700000000);
	assert_true(exclude_matches(n.snapshot_exclude, "data", true));
	assert_false(exclude_matches(n.snapshot_exclude, "x.log", false));
	/* What the guest did not see must not look deleted. */
	assert_true(exclude_matches(n.diff_exclude, "data", true));
	assert_true(exclude_matches(n.diff_exclude, "x.log", false));
}

static void test_every_cut_and_more_is_refused(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(SESSION_NOTE_MAX);
	struct session_note n = SESSION_NOTE_INIT;
	struct err err = ERR_INIT;

	write_note(&text);
	for (size_t len = 0; len < text.len; len++) {
		const struct span cut = { .p = text.data, .len = len };

		CHECK_FAILS(session_note_parse(cut, &n, &err), &err,
			    ERR_INVALID, "damaged");
		assert_null(n.workspace);
	}
	CHECK_OK(buf_addc(&text, 'x', &err), &err);
	CHECK_FAILS(session_note_parse(buf_span(&text), &n, &err), &err,
		    ERR_INVALID, "damaged");
}

#define REST "hidden 1\nS\nunwritten 1\nD\n"

/* clang-format off */
static const struct note_case {
	const char *text;
	bool ok;
} cases[] = {
	{ "bbox-session 1\nworkspace 2\n/w\nname 1\na\nstarted 1\n5\n" REST,   true },
	{ "bbox-session 2\nworkspace 2\n/w\nname 1\na\nstarted 1\n5\n" REST,   false },
	{ "bbox-session 1\nworkspace 1\nw\nname 1\na\nstarted 1\n5\n" REST,    false },
	{ "bbox-session 1\nworkspace 5\n/../w\nname 1\na\nstarted 1\n5\n" REST, false },
	{ "bbox-session 1\nworkspace 1\n/\nname 1\na\nstarted 1\n5\n" REST,    false },
	{ "bbox-session 1\nworkspace 0\n\nname 1\na\nstarted 1\n5\n" REST,     false },
	{ "bbox-session 1\nworkspace 3\n/w\nname 1\na\nstarted 1\n5\n" REST,   false },
	{ "bbox-session 1\nworkspace -1\n/w\nname 1\na\nstarted 1\n5\n" REST,  false },
	{ "bbox-session 1\nworkspace 99999999999999999999\n/w\nname 1\na\nstarted 1\n5\n" REST, false },
	{ "bbox-session 1\nname 1\na\nworkspace 2\n/w\nstarted 1\n5\n" REST,   false },
	{ "bbox-session 1\nworkspace 2\n/w\nname 0\n\nstarted 1\n5\n" REST,    false },
	{ "bbox-session 1\nworkspace 2\n/w\nname 1\na\nstarted 2\n-5\n" REST,  false },
	{ "bbox-session 1\nworkspace 2\n/w\nname 1\na\nstarted 1\n5\n"
	  "hidden 1\nX\nunwritten 1\nD\n",                                     false },
};
/* clang-format on */

static void test_fields_are_checked(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_session_note struct session_note n = SESSION_NOTE_INIT;
		struct err err = ERR_INIT;
		int r = session_note_parse(SPAN_STR(cases[i].text), &n, &err);

		CHECK((r == 0) == cases[i].ok, "'%s'", cases[i].text);
	}
}

static void test_long_fields_are_not_written(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(SESSION_NOTE_MAX);
	auto_free char *name = xcalloc(1, SESSION_NOTE_NAME_MAX + 2);
	auto_free char *workspace = xstrdup("/w");
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	const struct session_note n = { .workspace = workspace,
					.name = name,
					.snapshot_exclude = x,
					.diff_exclude = x };
	struct err err = ERR_INIT;

	memset(name, 'a', SESSION_NOTE_NAME_MAX + 1);
	CHECK_FAILS(session_note_write(&n, &text, &err), &err, ERR_LIMIT,
		    "name");
	exclude_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note_comes_back),
		cmocka_unit_test(test_every_cut_and_more_is_refused),
		cmocka_unit_test(test_fields_are_checked),
		cmocka_unit_test(test_long_fields_are_not_written),
	};

	return RUN_TESTS(tests);
}
