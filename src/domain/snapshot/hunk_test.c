// SPDX-License-Identifier: Apache-2.0
#include "domain/snapshot/hunk.h"

#include "support/check.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define ROUNDS	 2000
#define TEXT_MAX 4096

static void init(struct hunk_list *list, const char *before, const char *after)
{
	*list = (struct hunk_list){
		.before = xstrdup(before),
		.after = xstrdup(after),
		.before_len = strlen(before),
		.after_len = strlen(after),
	};
}

/* clang-format off */
static const struct compose_case {
	const char *name, *before, *after;
	struct hunk hunks[3];
	size_t n;
	unsigned int accepted; /* bit by bit */
	const char *want;
} compose_cases[] = {
	{ "first of two", "a\nb\nc\nd\n", "A\nb\nc\nD\n",
	  { { 0, 1, 0, 1, .text = NULL }, { 3, 1, 3, 1, .text = NULL } }, 2, 1,
	  "A\nb\nc\nd\n" },
	{ "second of two", "a\nb\nc\nd\n", "A\nb\nc\nD\n",
	  { { 0, 1, 0, 1, .text = NULL }, { 3, 1, 3, 1, .text = NULL } }, 2, 2,
	  "a\nb\nc\nD\n" },
	{ "lines with context", "1\n2\n3\n4\n5\n", "1\n2\nx\ny\n4\n5\n",
	  { { 1, 3, 1, 4, .text = NULL } }, 1, 1, "1\n2\nx\ny\n4\n5\n" },
	{ "insertion and deletion", "a\nb\nc\n", "new\na\nb\n",
	  { { 0, 0, 0, 1, .text = NULL }, { 2, 1, 3, 0, .text = NULL } }, 2, 2,
	  "a\nb\n" },
	{ "no final newline, old kept", "a\nb\nz", "A\nb\nz\n",
	  { { 0, 1, 0, 1, .text = NULL }, { 2, 1, 2, 1, .text = NULL } }, 2, 1,
	  "A\nb\nz" },
	{ "no final newline, new taken", "a\nb\nz\n", "A\nb\nz",
	  { { 0, 1, 0, 1, .text = NULL }, { 2, 1, 2, 1, .text = NULL } }, 2, 2,
	  "a\nb\nz" },
	{ "carriage returns", "a\r\nb\r\nc\r\n", "A\r\nb\r\nc\n",
	  { { 0, 1, 0, 1, .text = NULL }, { 2, 1, 2, 1, .text = NULL } }, 2, 2,
	  "a\r\nb\r\nc\n" },
	{ "from nothing", "", "a\nb", { { 0, 0, 0, 2, .text = NULL } }, 1, 1,
	  "a\nb" },
	{ "to nothing", "a\nb", "", { { 0, 2, 0, 0, .text = NULL } }, 1, 1,
	  "" },
	{ "to nothing, rejected", "a\nb", "",
	  { { 0, 2, 0, 0, .text = NULL } }, 1, 0, "a\nb" },
	{ "nothing at all", "", "", { { 0, 0, 0, 0, .text = NULL } }, 0, 0,
	  "" },
};

static const struct refused_case {
	const char *name, *before, *after;
	struct hunk hunks[2];
	size_t n;
	const char *says;
} refused_cases[] = {
	{ "no hunk for a difference", "a\n", "b\n",
	  { { 0, 0, 0, 0, .text = NULL } }, 0, "behind the last hunk" },
	{ "difference before", "a\nb\n", "x\nc\n",
	  { { 1, 1, 1, 1, .text = NULL } }, 1, "before hunk 1" },
	{ "difference behind", "a\nb\n", "x\nc\n",
	  { { 0, 1, 0, 1, .text = NULL } }, 1, "behind the last hunk" },
	{ "overlap", "a\nb\n", "x\ny\n",
	  { { 0, 2, 0, 2, .text = NULL }, { 1, 1, 1, 1, .text = NULL } }, 2,
	  "hunk 2 is outside" },
	{ "out of order", "a\nb\n", "x\ny\n",
	  { { 1, 1, 1, 1, .text = NULL }, { 0, 1, 0, 1, .text = NULL } }, 2,
	  "before hunk 1" },
	{ "behind the end", "a\n", "b\n", { { 1, 1, 0, 1, .text = NULL } }, 1,
	  "hunk 1 is outside" },
	{ "too long", "a\n", "b\n", { { 0, 1, 0, 2, .text = NULL } }, 1,
	  "hunk 1 is outside" },
	{ "line that wraps around", "a\n", "b\n",
	  { { 1, SIZE_MAX, 0, 1, .text = NULL } }, 1, "hunk 1 is outside" },
};
/* clang-format on */

static void test_accepted_hunks_compose(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(compose_cases); i++) {
		const struct compose_case *c = &compose_cases[i];
		auto_hunk_list struct hunk_list list = HUNK_LIST_INIT;
		auto_buf struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		init(&list, c->before, c->after);
		for (size_t k = 0; k < c->n; k++) {
			hunk_list_add(&list, &c->hunks[k]);
			list.v[k].accepted = c->accepted >> k & 1;
		}
		CHECK_OK(hunk_list_locate(&list, &err), &err);
		CHECK_OK(hunk_list_compose(&list, &out, &err), &err);
		CHECK(!strcmp(out.data, c->want), "%s: got '%s'", c->name,
		      out.data);
	}
}

static void test_wrong_hunks_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_cases); i++) {
		const struct refused_case *c = &refused_cases[i];
		auto_hunk_list struct hunk_list list = HUNK_LIST_INIT;
		struct err err = ERR_INIT;

		init(&list, c->before, c->after);
		for (size_t k = 0; k < c->n; k++)
			hunk_list_add(&list, &c->hunks[k]);
		CHECK(hunk_list_locate(&list, &err) < 0, "%s", c->name);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, c->says),
		      "%s: %s", c->name, err.msg);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

/* A line of a side; the sides must not share one inside of a hunk. */
static void add_line(struct buf *b, char side, uint32_t *seed)
{
	struct err err = ERR_INIT;

	CHECK_OK(buf_addf(b, &err, "%c%u%s\n", side, next_random(seed) % 3,
			  next_random(seed) % 4 ? "" : "\r"),
		 &err);
}

/* The texts with @accepted hunks, made by hand in @want. */
static void make_texts(struct hunk_list *list, unsigned int accepted,
		       uint32_t seed, struct buf *want)
{
	auto_buf struct buf before = BUF_INIT(TEXT_MAX);
	auto_buf struct buf after = BUF_INIT(TEXT_MAX);
	size_t old_line = 0, new_line = 0, n = next_random(&seed) % 6;
	struct err err = ERR_INIT;

	for (size_t i = 0; i <= n; i++) {
		size_t same = next_random(&seed) % 3 + (i > 0);
		struct hunk h = { .old_count = next_random(&seed) % 4,
				  .new_count = next_random(&seed) % 4,
				  .accepted = accepted >> i & 1 };
		size_t old_at, new_at;

		for (size_t k = 0; k < same; k++) {
			size_t at = before.len;

			add_line(&before, '=', &seed);
			CHECK_OK(buf_add(&after, before.data + at,
					 before.len - at, &err),
				 &err);
			CHECK_OK(buf_add(want, before.data + at,
					 before.len - at, &err),
				 &err);
		}
		if (i == n)
			break;
		old_at = before.len;
		new_at = after.len;
		for (size_t k = 0; k < h.old_count; k++)
			add_line(&before, '-', &seed);
		for (size_t k = 0; k < h.new_count; k++)
			add_line(&after, '+', &seed);
		h.old_line = old_line + same;
		h.new_line = new_line + same;
		old_line = h.old_line + h.old_count;
		new_line = h.new_line + h.new_count;
		CHECK_OK(h.accepted ? buf_add(want, after.data + new_at,
					      after.len - new_at, &err)
				    : buf_add(want, before.data + old_at,
					      before.len - old_at, &err),
			 &err);
		hunk_list_add(list, &h);
	}
	list->before = buf_take(&before, &list->before_len);
	list->after = buf_take(&after, &list->after_len);
}

static void check_choice(uint32_t seed, unsigned int accepted)
{
	auto_hunk_list struct hunk_list list = HUNK_LIST_INIT;
	auto_buf struct buf want = BUF_INIT(TEXT_MAX);
	auto_buf struct buf got = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	make_texts(&list, accepted, seed, &want);
	CHECK_OK(hunk_list_locate(&list, &err), &err);
	CHECK_OK(hunk_list_compose(&list, &got, &err), &err);
	CHECK(!strcmp(got.data, want.data), "seed %u, choice %x: got\n%s", seed,
	      accepted, got.data);
	if (!hunk_list_accepted(&list))
		assert_string_equal(got.data, list.before);
	if (hunk_list_accepted(&list) == list.n)
		assert_string_equal(got.data, list.after);
}

static void test_each_choice_gives_its_text(void **state unused)
{
	for (uint32_t seed = 0; seed < ROUNDS; seed++) {
		for (unsigned int choice = 0; choice < 32; choice += 3)
			check_choice(seed, choice);
		check_choice(seed, 31);
	}
}

static void test_full_buffer_is_an_error(void **state unused)
{
	auto_hunk_list struct hunk_list list = HUNK_LIST_INIT;
	auto_buf struct buf out = BUF_INIT(2);
	struct err err = ERR_INIT;

	init(&list, "a\nb\n", "a\nb\n");
	CHECK_OK(hunk_list_locate(&list, &err), &err);
	CHECK_FAILS(hunk_list_compose(&list, &out, &err), &err, ERR_LIMIT, "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted_hunks_compose),
		cmocka_unit_test(test_wrong_hunks_are_refused),
		cmocka_unit_test(test_each_choice_gives_its_text),
		cmocka_unit_test(test_full_buffer_is_an_error),
	};

	return RUN_TESTS(tests);
}
