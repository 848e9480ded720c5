// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_iov_test.c - memory in pieces reads and writes as if it were whole.
 */
#include "infra/vfs/fuse_iov.h"

#include <string.h>

#include "support/check.h"

#define PIECES_MAX 6

/* clang-format off */
static const struct pieces_case {
	const char *name;
	size_t len[PIECES_MAX]; /* of each piece; 10 bytes together */
	int count;
} pieces_cases[] = {
	{ "whole",           { 10 },                1 },
	{ "two",             { 4, 6 },              2 },
	{ "empty first",     { 0, 0, 10 },          3 },
	{ "empty between",   { 5, 0, 0, 5 },        4 },
	{ "empty last",      { 9, 1, 0, 0 },        4 },
	{ "many",            { 1, 2, 3, 0, 1, 3 },  6 },
};
/* clang-format on */

static struct fuse_iov cut(const struct pieces_case *c, char *memory,
			   struct iovec *iov)
{
	size_t at = 0;

	for (int i = 0; i < c->count; at += c->len[i++])
		iov[i] = (struct iovec){ memory + at, c->len[i] };
	return FUSE_IOV(iov, c->count, at);
}

static void test_reads_across_pieces(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pieces_cases); i++) {
		const struct pieces_case *c = &pieces_cases[i];
		char memory[] = "0123456789", got[11] = "";
		struct iovec iov[PIECES_MAX];
		struct fuse_iov v = cut(c, memory, iov);

		CHECK(fuse_iov_take(&v, got, 3) && !memcmp(got, "012", 3),
		      "%s: took '%s'", c->name, got);
		CHECK(fuse_iov_peek(&v, got, 4) == 4 && !memcmp(got, "3456", 4),
		      "%s: peeked '%s'", c->name, got);
		CHECK(!fuse_iov_take(&v, got, 8), "%s: took too much", c->name);
		CHECK(fuse_iov_skip(&v, 2) && v.left == 5, "%s: skip", c->name);
		CHECK(!fuse_iov_skip(&v, 6) && v.left == 5, "%s: skipped",
		      c->name);
		CHECK(fuse_iov_peek(&v, got, 11) == 5 &&
			      !memcmp(got, "56789", 5),
		      "%s: rest '%s'", c->name, got);
		CHECK(fuse_iov_take(&v, got, 5) && !v.left, "%s: rest",
		      c->name);
		CHECK(fuse_iov_take(&v, got, 0) && !fuse_iov_take(&v, got, 1),
		      "%s: end", c->name);
	}
}

static void test_writes_across_pieces_and_never_beyond(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pieces_cases); i++) {
		const struct pieces_case *c = &pieces_cases[i];
		char memory[] = "----------";
		struct iovec iov[PIECES_MAX];
		struct fuse_iov v = cut(c, memory, iov);

		CHECK(fuse_iov_put(&v, "abcd", 4), "%s: put", c->name);
		CHECK(!fuse_iov_put(&v, "1234567", 7), "%s: too much", c->name);
		CHECK(fuse_iov_put(&v, "efghij", 6), "%s: put the rest",
		      c->name);
		CHECK(!strcmp(memory, "abcdefghij"), "%s: '%s'", c->name,
		      memory);
	}
}

static void test_slices_are_the_bytes_ahead(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pieces_cases); i++) {
		const struct pieces_case *c = &pieces_cases[i];
		char memory[] = "0123456789", got[11] = "";
		struct iovec iov[PIECES_MAX], out[PIECES_MAX];
		struct fuse_iov v = cut(c, memory, iov);
		size_t len = 0;
		int n;

		CHECK(fuse_iov_skip(&v, 2), "%s: skip", c->name);
		n = fuse_iov_slice(&v, 7, out);
		CHECK(n <= c->count, "%s: %d pieces", c->name, n);
		for (int k = 0; k < n; len += out[k++].iov_len)
			memcpy(got + len, out[k].iov_base, out[k].iov_len);
		CHECK(len == 7 && !strcmp(got, "2345678"), "%s: '%s'", c->name,
		      got);
		CHECK(v.left == 8, "%s: it moved", c->name);
	}
}

static void test_length_that_lies_is_no_reason_to_read_on(void **state unused)
{
	char memory[4] = "abc", got[8];
	struct iovec iov = { memory, 3 }, out[1];
	struct fuse_iov v = FUSE_IOV(&iov, 1, 8);

	CHECK(!fuse_iov_take(&v, got, 8), "took more than there is");
	CHECK(fuse_iov_peek(&v, got, 8) == 3, "peeked more than there is");
	CHECK(fuse_iov_slice(&v, 8, out) == 1 && out[0].iov_len == 3, "slice");
	CHECK(!fuse_iov_put(&v, "12345678", 8), "put more than fits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_across_pieces),
		cmocka_unit_test(test_writes_across_pieces_and_never_beyond),
		cmocka_unit_test(test_slices_are_the_bytes_ahead),
		cmocka_unit_test(test_length_that_lies_is_no_reason_to_read_on),
	};

	return RUN_TESTS(tests);
}
