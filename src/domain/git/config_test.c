// SPDX-License-Identifier: Apache-2.0
#include "domain/git/config.h"

#include "support/check.h"

#include <string.h>

/*
 * What is read is shown as git would list it, one "key=value;" each, without
 * '=' for a key that has no value. Each table row was tried with git 2.39.
 */
static int show_entry(const struct git_config_parser *p,
		      const struct git_config_item *item, struct buf *out,
		      struct err *err)
{
	if (buf_add(out, p->section.data, p->section.len, err) < 0 ||
	    (p->has_subsection && buf_addc(out, '.', err) < 0) ||
	    buf_add(out, p->subsection.data, p->subsection.len, err) < 0 ||
	    ((p->section.len || p->has_subsection) &&
	     buf_addc(out, '.', err) < 0) ||
	    buf_adds(out, p->key.data, err) < 0)
		return -1;
	if (item->has_value && (buf_addc(out, '=', err) < 0 ||
				buf_adds(out, p->value.data, err) < 0))
		return -1;
	return buf_addc(out, ';', err);
}

static int list(struct span text, struct buf *out, struct err *err)
{
	auto_git_config_parser struct git_config_parser p;
	struct git_config_item item;
	int r;

	git_config_parser_init(&p, text);
	while ((r = git_config_take(&p, &item, err)) > 0) {
		if (item.kind == GIT_CONFIG_ENTRY &&
		    show_entry(&p, &item, out, err) < 0)
			return -1;
	}
	return r;
}

static const struct list_case {
	const char *name, *text, *want;
} list_cases[] = {
	{ "empty", "", "" },
	{ "plain", "[core]\n\tbare = false\n", "core.bare=false;" },
	{ "no final newline", "[core]\nbare=x", "core.bare=x;" },
	{ "names fold", "[CoRe]\nSSHCommand=X\n", "core.sshcommand=X;" },
	{ "key on header line", "[core]sshCommand=x\n", "core.sshcommand=x;" },
	{ "blank behind header", "[core] \t a = b\n", "core.a=b;" },
	{ "two headers", "[a][b] c=d\n", "b.c=d;" },
	{ "header within value", "[a]b=c [d]\n", "a.b=c [d];" },
	{ "no value", "[a]\nb\n c \nk=\n", "a.b;a.c;a.k=;" },
	{ "subsection", "[a \"B.c]#\"]d=e\n", "a.B.c]#.d=e;" },
	{ "subsection escapes", "[a \"\\b\\\"\\\\\"]c=d\n", "a.b\"\\.c=d;" },
	{ "empty subsection", "[a \"\"]b=c\n", "a..b=c;" },
	{ "subsection by dot", "[a.B.C]d=e\n", "a.b.c.d=e;" },
	{ "both ways at once", "[a.B \"C\"]d=e\n", "a.b.C.d=e;" },
	{ "dot first", "[.a]b=c\n", ".a.b=c;" },
	{ "tab in header", "[a\t \"b\"]c=d\n", "a.b.c=d;" },
	{ "before a section", "a=b\n", "a=b;" },
	{ "comments", "# x\n ; y\n[a] # z\nb=c#d\ne=f;g", "a.b=c;a.e=f;" },
	{ "comment ends for good", "[a]\n# x \\\nb=c\n", "a.b=c;" },
	{ "same behind a value", "[a]\nb=c # x \\\nk=e\n", "a.b=c;a.k=e;" },
	{ "quotes", "[a]b=\"c # d\" e\n", "a.b=c # d e;" },
	{ "quoted comment signs", "[a]b=\"#\"c\";\"\n", "a.b=#c;;" },
	{ "escapes", "[a]b=\\t\\b\\n\\\\\\\"\n", "a.b=\t\b\n\\\";" },
	{ "blanks around", "[a]b  =\t c d \t\n", "a.b=c d;" },
	{ "quoted blanks stay", "[a]b=\" c \"\n", "a.b= c ;" },
	{ "empty quote", "[a]b=\"\"  x\n", "a.b=x;" },
	{ "continued", "[a]b=c\\\nk\n", "a.b=ck;" },
	{ "blank, continued", "[a]b=c \\\n\tx\n", "a.b=c \tx;" },
	{ "continued in quotes", "[a]b=\"c\\\n d\"\n", "a.b=c d;" },
	{ "continued by CRLF", "[a]b=c\\\r\nk\r\n", "a.b=ck;" },
	{ "continued by nothing", "[a]b=c \\\n\nk=e", "a.b=c ;a.k=e;" },
	{ "continued at the end", "[a]b=c\\", "a.b=c;" },
	{ "header continued to", "[a]b=\\\n[c]\n", "a.b=[c];" },
	{ "comment continued to", "[a]b=c\\\n# d\ne=f", "a.b=c;a.e=f;" },
	{ "escaped backslash", "[a]b=c\\\\\nk=e\n", "a.b=c\\;a.k=e;" },
	{ "three backslashes", "[a]b=c\\\\\\\nk=e\n", "a.b=c\\k=e;" },
	{ "CRLF", "[a]\r\nb=c\r\nk\r\n", "a.b=c;a.k;" },
	{ "CR alone", "[a]\rb=c\rd\n", "a.b=c\rd;" },
	{ "CR in subsection", "[a \"b\rc\"]d=e\n", "a.b\rc.d=e;" },
	{ "byte order mark", "\xef\xbb\xbf[a]b=c", "a.b=c;" },
	{ "other bytes in values", "[a]b=\xc3\xa9\xff\v\n",
	  "a.b=\xc3\xa9\xff\v;" },
	/* git refuses this one; here the blank does not hide the next line. */
	{ "blank behind backslash", "[a]b=c\\ \t\nk=e\n", "a.b=ck=e;" },
};

static void test_entries_are_read_as_git_reads_them(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_cases); i++) {
		const struct list_case *c = &list_cases[i];
		auto_buf struct buf got = BUF_INIT(1000);
		struct err err = ERR_INIT;

		CHECK(list(SPAN_STR(c->text), &got, &err) == 0, "%s: %s",
		      c->name, err.msg);
		CHECK(!strcmp(got.data, c->want), "%s: got '%s', want '%s'",
		      c->name, got.data, c->want);
	}
}

static const struct refusal_case {
	const char *name, *text, *want;
} refusal_cases[] = {
	{ "open quote", "[a]\nb=\"c\nk=\"e\"\n",
	  "line 2: quote is not closed" },
	{ "open quote at end", "[a]\nb=\"c", "line 2: quote is not closed" },
	{ "unknown escape", "[a]\n\nb=\\x\n",
	  "line 3: unknown escape in a value" },
	{ "escaped CR", "[a]b=\\\rc\n", "line 1: unknown escape" },
	{ "no key", "[a]\n=b\n", "line 2: neither a key nor" },
	{ "digit first", "[a]\n1b=c\n", "line 2: neither a key nor" },
	{ "underscore", "[a]\nb_c=d\n", "line 2: no '=' behind a key" },
	{ "letter of Unicode", "[a]\n\xc3\xa9=d\n",
	  "line 2: neither a key nor" },
	{ "comment behind a key", "[a]\nb # c\n",
	  "line 2: no '=' behind a key" },
	{ "CR behind a key", "[a]\nb\r=c\n", "line 2: no '=' behind a key" },
	{ "key broken by line", "[a]\nb\\\n=c\n",
	  "line 2: no '=' behind a key" },
	{ "vertical tab", "[a]\v\nb=c\n", "line 1: neither a key nor" },
	{ "no name", "[]\na=b\n", "line 1: section without name" },
	{ "blank in header", "[a ]\n", "line 1: section header with a blank" },
	{ "blank first", "[ a]\n", "line 1: section header with a blank" },
	{ "header over lines", "[a\n\"b\"]\n", "line 1: bad section header" },
	{ "subsection over lines", "[a \"b\nc\"]\n",
	  "line 1: section header is not closed" },
	{ "escaped line end", "[a \"b\\\nc\"]\n",
	  "line 1: section header is not closed" },
	{ "no ']'", "[a \"b\" ]\n", "line 1: no ']' behind" },
	{ "end in header", "[a", "line 1: bad section header" },
	{ "half a mark", "\xef\xbb[a]\n", "line 1: neither a key nor" },
	{ "second mark", "\xef\xbb\xbf\xef\xbb\xbf[a]\n",
	  "line 1: neither a key nor" },
	{ "CRLF counts once", "[a]\r\n\r\n=\r\n", "line 3: neither a key nor" },
	{ "continuation counts", "[a]b=c\\\nk\n=\n",
	  "line 3: neither a key nor" },
};

static void test_other_text_is_refused_with_its_line(void **state unused)
{
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		auto_buf struct buf got = BUF_INIT(1000);

		err = ERR_INIT;
		CHECK(list(SPAN_STR(c->text), &got, &err) < 0, "%s: got '%s'",
		      c->name, got.data);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, c->want),
		      "%s: '%s'", c->name, err.msg);
	}
}

static void test_nul_is_refused_everywhere(void **state unused)
{
	static const char *const texts[] = { "[a]b=c@d\n", "# @\n",
					     "[a \"@\"]\n", "[a@]\n", "@" };
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_buf struct buf text = BUF_INIT(100), got = BUF_INIT(100);
		size_t len = strlen(texts[i]);

		CHECK_OK(buf_add(&text, texts[i], len, &err), &err);
		*strchr(text.data, '@') = '\0';
		CHECK_FAILS(list(buf_span(&text), &got, &err), &err,
			    ERR_INVALID, "line 1: ");
	}
}

static void test_too_much_text_is_refused(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX + 1);
	auto_buf struct buf got = BUF_INIT(100);
	struct err err = ERR_INIT;
	char *room;

	CHECK_OK(buf_room(&text, GIT_CONFIG_SIZE_MAX + 1, &room, &err), &err);
	memset(room, '\n', GIT_CONFIG_SIZE_MAX + 1);
	buf_grew(&text, GIT_CONFIG_SIZE_MAX);
	CHECK_OK(list(buf_span(&text), &got, &err), &err);
	buf_grew(&text, 1);
	CHECK_FAILS(list(buf_span(&text), &got, &err), &err, ERR_LIMIT,
		    "more than 1048576 bytes");
}

static const struct piece {
	enum git_config_kind kind;
	const char *text, *value;
	size_t line;
} pieces[] = {
	{ GIT_CONFIG_SECTION, "[a \"b\"]", NULL, 1 },
	{ GIT_CONFIG_BLANK, " ", NULL, 1 },
	{ GIT_CONFIG_ENTRY, "c=  d \\\n e", "d \\\n e", 1 },
	{ GIT_CONFIG_BLANK, " \t", NULL, 2 },
	{ GIT_CONFIG_COMMENT, "# f \\", NULL, 2 },
	{ GIT_CONFIG_NEWLINE, "\n", NULL, 2 },
	{ GIT_CONFIG_ENTRY, "g", NULL, 3 },
	{ GIT_CONFIG_BLANK, " ", NULL, 3 },
	{ GIT_CONFIG_NEWLINE, "\r\n", NULL, 3 },
	{ GIT_CONFIG_ENTRY, "h =", "", 4 },
	{ GIT_CONFIG_BLANK, "  ", NULL, 4 },
	{ GIT_CONFIG_COMMENT, ";", NULL, 4 },
	{ GIT_CONFIG_NEWLINE, "\n", NULL, 4 },
	{ GIT_CONFIG_ENTRY, "i = \"j\"\\\n", "\"j\"\\\n", 5 },
};

static void test_pieces_cover_the_text(void **state unused)
{
	auto_git_config_parser struct git_config_parser p;
	auto_buf struct buf text = BUF_INIT(1000);
	struct git_config_item item;
	struct err err = ERR_INIT;
	size_t end = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		CHECK_OK(buf_adds(&text, pieces[i].text, &err), &err);
	git_config_parser_init(&p, buf_span(&text));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		const struct piece *want = &pieces[i];
		struct span value;

		CHECK(git_config_take(&p, &item, &err) == 1, "%zu: %s", i,
		      err.msg);
		CHECK(item.kind == want->kind && item.line == want->line &&
			      item.start == end &&
			      item.end - item.start == strlen(want->text),
		      "%zu: kind %d, line %zu, %zu to %zu", i, item.kind,
		      item.line, item.start, item.end);
		end = item.end;
		if (item.kind != GIT_CONFIG_ENTRY)
			continue;
		value = (struct span){ .p = text.data + item.value_start,
				       .len = item.end - item.value_start };
		CHECK(item.has_value == !!want->value, "%zu: value", i);
		CHECK(!want->value || (span_equals(value, want->value) &&
				       text.data[item.equals] == '='),
		      "%zu: wrong value", i);
	}
	assert_int_equal(git_config_take(&p, &item, &err), 0);
	assert_int_equal(end, text.len);
}

static void test_reading_goes_on_behind_a_bad_line(void **state unused)
{
	auto_git_config_parser struct git_config_parser p;
	struct git_config_item item;
	struct err err = ERR_INIT;
	int r, refused = 0, entries = 0;

	git_config_parser_init(
		&p, SPAN_STR("[a]\nb c\nk=\"e\\\nf\ng=h\n[x\ny=z\n=\n="));
	while ((r = git_config_take(&p, &item, &err))) {
		if (r < 0 && !refused++)
			assert_true(
				span_equals(git_config_skip_line(&p), "b c\n"));
		else if (r < 0)
			git_config_skip_line(&p);
		else
			entries += item.kind == GIT_CONFIG_ENTRY;
	}
	/* g and y; the bad value is left out with both its lines. */
	assert_int_equal(entries, 2);
	assert_int_equal(refused, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_are_read_as_git_reads_them),
		cmocka_unit_test(test_other_text_is_refused_with_its_line),
		cmocka_unit_test(test_nul_is_refused_everywhere),
		cmocka_unit_test(test_too_much_text_is_refused),
		cmocka_unit_test(test_pieces_cover_the_text),
		cmocka_unit_test(test_reading_goes_on_behind_a_bad_line),
	};

	return RUN_TESTS(tests);
}
