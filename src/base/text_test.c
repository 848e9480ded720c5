// SPDX-License-Identifier: Apache-2.0
/*
 * text_test.c - tests of base/text.
 */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/check.h"

static void test_prefix_and_suffix(void **state unused)
{
	assert_true(text_starts_with("abc", ""));
	assert_true(text_starts_with("abc", "abc"));
	assert_false(text_starts_with("abc", "abcd"));
	assert_false(text_starts_with("abc", "b"));
	assert_true(text_ends_with("abc", ""));
	assert_true(text_ends_with("abc", "bc"));
	assert_false(text_ends_with("abc", "zabc"));
	assert_false(text_ends_with("abc", "b"));
}

/* clang-format off */
static const struct number_case {
	const char *text;
	uint64_t max;
	bool ok;
	uint64_t want;
} number_cases[] = {
	{ "0",                     10,         true,  0          },
	{ "10",                    10,         true,  10         },
	{ "11",                    10,         false, 0          },
	{ "0010",                  10,         true,  10         },
	{ "18446744073709551615",  UINT64_MAX, true,  UINT64_MAX },
	{ "18446744073709551616",  UINT64_MAX, false, 0          },
	{ "28446744073709551616",  UINT64_MAX, false, 0          },
	{ "99999999999999999999999999", UINT64_MAX, false, 0     },
	{ "",                      10,         false, 0          },
	{ " 1",                    10,         false, 0          },
	{ "1 ",                    10,         false, 0          },
	{ "+1",                    10,         false, 0          },
	{ "-1",                    10,         false, 0          },
	{ "0x1",                   10,         false, 0          },
	{ "1.0",                   10,         false, 0          },
	{ "\xd9\xa1",              10,         false, 0          },
};
/* clang-format on */

static void test_numbers_are_plain_decimal(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_cases); i++) {
		const struct number_case *c = &number_cases[i];
		uint64_t got = 77;

		CHECK(text_parse_u64(c->text, c->max, &got) == c->ok, "'%s'",
		      c->text);
		CHECK(got == (c->ok ? c->want : 77), "'%s': %llu", c->text,
		      (unsigned long long)got);
	}
}

/* clang-format off */
static const struct visible_case {
	const char *name, *in, *want, *want_lines; /* NULL: as @want */
} visible_cases[] = {
	{ "plain",              "abc ~",          "abc ~",       NULL   },
	{ "umlaut, kanji",      "\xc3\xa4\xe6\xbc\xa2", "\xc3\xa4\xe6\xbc\xa2", NULL },
	{ "emoji",              "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", NULL },
	{ "newline and tab",    "a\nb\tc",        "a\\nb\\tc",   "a\nb\tc" },
	{ "carriage return",    "a\rb",           "a\\x0db",     NULL   },
	{ "escape",             "\x1b[2J",        "\\x1b[2J",    NULL   },
	{ "bell, backspace",    "\a\b",           "\\x07\\x08",  NULL   },
	{ "delete",             "\x7f",           "\\x7f",       NULL   },
	{ "C1 CSI",             "\xc2\x9b" "2J",  "\\x9b2J",     NULL   },
	{ "raw C1 byte",        "\x9b" "2J",      "\\x9b2J",     NULL   },
	{ "lone continuation",  "\x80",           "\\x80",       NULL   },
	{ "cut sequence",       "\xe6\xbc",       "\\xe6\\xbc",  NULL   },
	{ "overlong slash",     "\xc0\xaf",       "\\xc0\\xaf",  NULL   },
	{ "overlong, 3 bytes",  "\xe0\x80\xaf",   "\\xe0\\x80\\xaf", NULL },
	{ "overlong escape",    "\xc1\x9b",       "\\xc1\\x9b",  NULL   },
	{ "surrogate",          "\xed\xa0\x80",   "\\xed\\xa0\\x80", NULL },
	{ "beyond U+10FFFF",    "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", NULL },
	{ "first byte ff",      "\xff",           "\\xff",       NULL   },
	{ "sequence, then text", "\xe6" "ab",     "\\xe6ab",     NULL   },
	{ "right-to-left",      "\xe2\x80\xae" "b\xe2\x80\xac", "\\u{202e}b\\u{202c}", NULL },
	{ "bidi isolate",       "\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}", NULL   },
	{ "zero width space",   "\xe2\x80\x8b",   "\\u{200b}",   NULL   },
	{ "byte order mark",    "\xef\xbb\xbf",   "\\u{feff}",   NULL   },
	{ "soft hyphen",        "\xc2\xad",       "\\u{ad}",     NULL   },
	{ "line separator",     "\xe2\x80\xa8",   "\\u{2028}",   NULL   },
	{ "tag letter",         "\xf3\xa0\x81\x81", "\\u{e0041}", NULL  },
	{ "variation selector", "\xef\xb8\x8f",   "\\u{fe0f}",   NULL   },
};
/* clang-format on */

static void test_outside_text_becomes_visible(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(visible_cases); i++) {
		const struct visible_case *c = &visible_cases[i];
		const char *lines = c->want_lines ? c->want_lines : c->want;
		auto_buf struct buf b = BUF_INIT(1000);
		auto_free char *copy = text_visible(c->in);
		struct err err = ERR_INIT;

		CHECK_OK(text_add_visible(&b, SPAN_STR(c->in), &err), &err);
		CHECK(!strcmp(b.data, c->want), "%s: '%s'", c->name, b.data);
		CHECK(!strcmp(copy, c->want), "%s: copy '%s'", c->name, copy);
		buf_reset(&b);
		CHECK_OK(text_add_visible_lines(&b, SPAN_STR(c->in), &err),
			 &err);
		CHECK(!strcmp(b.data, lines), "%s: '%s'", c->name, b.data);
	}
}

/* Whatever byte comes, and after whichever, no control gets through. */
static void test_no_pair_of_bytes_yields_a_control(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;

	for (unsigned int pair = 0; pair < 0x10000; pair++) {
		uint8_t in[2] = { (uint8_t)(pair >> 8), (uint8_t)pair };

		buf_reset(&b);
		CHECK_OK(text_add_visible(&b,
					  ((struct span){ .p = in, .len = 2 }),
					  &err),
			 &err);
		for (size_t i = 0; i < b.len; i++) {
			uint8_t c = (uint8_t)b.data[i];

			CHECK(c >= 0x20 && c != 0x7f, "%04x: %02x", pair, c);
		}
		CHECK(b.len < 2 || (uint8_t)b.data[0] != 0xc2 ||
			      (uint8_t)b.data[1] >= 0xa0,
		      "%04x: C1 control", pair);
	}
}

static void test_nul_is_shown(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;

	CHECK_OK(text_add_visible(&b, ((struct span){ .p = "a\0b", .len = 3 }),
				  &err),
		 &err);
	assert_string_equal(b.data, "a\\x00b");
}

static void test_limit_is_an_error_or_a_cut(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(3);
	auto_free char *longer = xmalloc(10001), *cut = NULL;
	struct err err;

	CHECK_FAILS(text_add_visible(&b, SPAN_STR("abcd"), &err), &err,
		    ERR_LIMIT, "3");
	memset(longer, 'x', 10000);
	longer[10000] = '\0';
	cut = text_visible(longer);
	assert_int_equal(strlen(cut), 4096);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_and_suffix),
		cmocka_unit_test(test_numbers_are_plain_decimal),
		cmocka_unit_test(test_outside_text_becomes_visible),
		cmocka_unit_test(test_no_pair_of_bytes_yields_a_control),
		cmocka_unit_test(test_nul_is_shown),
		cmocka_unit_test(test_limit_is_an_error_or_a_cut),
	};

	return RUN_TESTS(tests);
}
