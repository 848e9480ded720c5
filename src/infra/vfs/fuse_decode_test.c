// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_decode_test.c - requests that have the form of their operation, and
 * those that lie about it.
 */
#include "infra/vfs/fuse_decode.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define HEADER	((size_t)40)
#define NAME	FUSE_STRING_NAME
#define TARGET	FUSE_STRING_TARGET
#define XATTR	FUSE_STRING_XATTR
#define BODY(s) (s), sizeof(s) - 1 /* the NULs are spelt out */

/* clang-format off */
static const struct header_case {
	const char *name;
	size_t bytes;
	uint32_t len;
	uint16_t extensions;
	int want;
} header_cases[] = {
	{ "whole",                   HEADER,     40,         0, 0 },
	{ "with a body",             HEADER + 8, 48,         0, 0 },
	{ "nothing at all",          0,          0,          0, -EINVAL },
	{ "cut short",               HEADER - 1, 39,         0, -EINVAL },
	{ "claims less",             HEADER + 8, 40,         0, -EINVAL },
	{ "claims less than itself", HEADER,     39,         0, -EINVAL },
	{ "claims more",             HEADER,     41,         0, -EINVAL },
	{ "claims everything",       HEADER,     UINT32_MAX, 0, -EINVAL },
	{ "extensions",              HEADER + 8, 48,         1, -EINVAL },
};

static const struct body_case {
	const char *name;
	struct fuse_shape shape;
	const char *body;
	size_t len;
	int want;
	const char *first, *second; /* strings */
	size_t data;
} body_cases[] = {
	{ "empty", {}, BODY(""), 0, "", "", 0 },
	{ "bytes too many", {}, BODY("\0"), -EINVAL, "", "", 0 },
	{ "arguments", { .args = 4 }, BODY("abcd"), 0, "", "", 0 },
	{ "too short", { .args = 4 }, BODY("abc"), -EINVAL, "", "", 0 },
	{ "too long", { .args = 4 }, BODY("abcde"), -EINVAL, "", "", 0 },
	{ "shorter form", { .args = 8, .args_min = 4 }, BODY("abcde"), 0, "",
	  "", 0 },
	{ "below it", { .args = 8, .args_min = 4 }, BODY("abc"), -EINVAL, "",
	  "", 0 },
	{ "data", { .args = 4, .has_data = true }, BODY("abcdefg"), 0, "", "",
	  3 },
	{ "no data is data", { .args = 4, .has_data = true }, BODY("abcd"), 0,
	  "", "", 0 },
	{ "name", { .strings = { NAME } }, BODY("a\0"), 0, "a", "", 0 },
	{ "name behind arguments", { .args = 2, .strings = { NAME } },
	  BODY("..a\0"), 0, "a", "", 0 },
	{ "three dots", { .strings = { NAME } }, BODY("...\0"), 0, "...", "",
	  0 },
	{ "not UTF-8", { .strings = { NAME } }, BODY("\xff\0"), 0, "\xff", "",
	  0 },
	{ "two names", { .strings = { NAME, NAME } }, BODY("a\0b\0"), 0, "a",
	  "b", 0 },
	{ "xattr", { .strings = { XATTR }, .has_data = true },
	  BODY("user.a/b\0v"), 0, "user.a/b", "", 1 },
	{ "target", { .strings = { NAME, TARGET } }, BODY("l\0../x/\0"), 0,
	  "l", "../x/", 0 },
	{ "no name", { .strings = { NAME } }, BODY(""), -EINVAL, "", "", 0 },
	{ "empty name", { .strings = { NAME } }, BODY("\0"), -EINVAL, "", "",
	  0 },
	{ "no NUL", { .strings = { NAME } }, BODY("abc"), -EINVAL, "", "", 0 },
	{ "embedded NUL", { .strings = { NAME } }, BODY("a\0b\0"), -EINVAL, "",
	  "", 0 },
	{ "two NULs", { .strings = { NAME } }, BODY("a\0\0"), -EINVAL, "", "",
	  0 },
	{ "this directory", { .strings = { NAME } }, BODY(".\0"), -EINVAL, "",
	  "", 0 },
	{ "the one above", { .strings = { NAME } }, BODY("..\0"), -EINVAL, "",
	  "", 0 },
	{ "a path", { .strings = { NAME } }, BODY("a/b\0"), -EINVAL, "", "",
	  0 },
	{ "the root", { .strings = { NAME } }, BODY("/\0"), -EINVAL, "", "",
	  0 },
	{ "slash at the end", { .strings = { NAME } }, BODY("a/\0"), -EINVAL,
	  "", "", 0 },
	{ "second name missing", { .strings = { NAME, NAME } }, BODY("a\0"),
	  -EINVAL, "", "", 0 },
	{ "second name is above", { .strings = { NAME, NAME } },
	  BODY("a\0..\0"), -EINVAL, "", "", 0 },
	{ "second without NUL", { .strings = { NAME, NAME } }, BODY("a\0b"),
	  -EINVAL, "", "", 0 },
	{ "empty target", { .strings = { NAME, TARGET } }, BODY("l\0\0"),
	  -EINVAL, "", "", 0 },
	{ "NUL in target", { .strings = { NAME, TARGET } }, BODY("l\0a\0b\0"),
	  -EINVAL, "", "", 0 },
	{ "empty xattr", { .strings = { XATTR }, .has_data = true },
	  BODY("\0v"), -EINVAL, "", "", 0 },
};

static const struct length_case {
	const char *name;
	enum fuse_string kind;
	size_t len;
	int want;
} length_cases[] = {
	{ "longest name",    FUSE_STRING_NAME,   255,    0 },
	{ "name too long",   FUSE_STRING_NAME,   256,    -ENAMETOOLONG },
	{ "name far longer", FUSE_STRING_NAME,   100000, -ENAMETOOLONG },
	{ "longest target",  FUSE_STRING_TARGET, 4095,   0 },
	{ "target too long", FUSE_STRING_TARGET, 4096,   -ENAMETOOLONG },
	{ "longest xattr",   FUSE_STRING_XATTR,  255,    0 },
	{ "xattr too long",  FUSE_STRING_XATTR,  256,    -ERANGE },
};
/* clang-format on */

static void test_headers(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(header_cases); i++) {
		const struct header_case *c = &header_cases[i];
		auto_free struct fuse_message *m = xcalloc(1, sizeof(*m));
		const struct fuse_in_header header = {
			.len = c->len,
			.opcode = FUSE_LOOKUP,
			.nodeid = 7,
			.total_extlen = c->extensions,
		};
		auto_free char *bytes = xcalloc(1, HEADER + 8);
		/* Its exact size, for the address sanitizer. */
		auto_free char *exact = NULL;
		struct iovec iov;
		struct fuse_iov in;
		int r;

		memcpy(bytes, &header, sizeof(header));
		exact = xmalloc(c->bytes + !c->bytes);
		memcpy(exact, bytes, c->bytes);
		iov = (struct iovec){ exact, c->bytes };
		in = FUSE_IOV(&iov, 1, c->bytes);
		m->header.opcode = 99;
		r = fuse_decode_header(&in, m);
		CHECK(r == c->want, "%s: %d", c->name, r);
		CHECK(m->header.opcode ==
			      (c->bytes < HEADER ? 0U : FUSE_LOOKUP),
		      "%s: opcode %u", c->name, m->header.opcode);
		if (r == 0)
			CHECK(m->header.nodeid == 7 &&
				      m->data.left == c->bytes - HEADER,
			      "%s: %zu left", c->name, m->data.left);
	}
}

/* Each byte is a piece of its own. */
static int decode_pieces(const struct body_case *c, char *bytes,
			 struct iovec *iov, struct fuse_message *m)
{
	for (size_t i = 0; i < c->len; i++)
		iov[i] = (struct iovec){ bytes + i, 1 };
	m->data = FUSE_IOV(iov, (int)c->len, c->len);
	return fuse_decode_body(&c->shape, m);
}

static void test_bodies(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(body_cases); i++) {
		const struct body_case *c = &body_cases[i];
		auto_free struct fuse_message *m = xcalloc(1, sizeof(*m));
		auto_free char *bytes = xmalloc(c->len + !c->len);
		struct iovec iov = { bytes, c->len }, pieces[32];

		memcpy(bytes, c->body, c->len);
		for (int whole = 0; whole < 2; whole++) {
			int r;

			m->data = FUSE_IOV(&iov, 1, c->len);
			r = whole ? fuse_decode_body(&c->shape, m)
				  : decode_pieces(c, bytes, pieces, m);
			CHECK(r == c->want, "%s: %d", c->name, r);
			if (r < 0)
				continue;
			CHECK(!strcmp(m->text[0], c->first) &&
				      !strcmp(m->text[1], c->second),
			      "%s: '%s', '%s'", c->name, m->text[0],
			      m->text[1]);
			CHECK(m->data.left == c->data, "%s: %zu of data",
			      c->name, m->data.left);
		}
	}
}

static void test_what_a_shorter_form_lacks_is_zero(void **state unused)
{
	const struct fuse_shape shape = { .args = sizeof(struct fuse_init_in),
					  .args_min = 16 };
	auto_free struct fuse_message *m = xcalloc(1, sizeof(*m));
	char bytes[16];
	struct iovec iov = { bytes, sizeof(bytes) };

	memset(bytes, 0xff, sizeof(bytes));
	memset(&m->args, 0xff, sizeof(m->args));
	m->data = FUSE_IOV(&iov, 1, sizeof(bytes));
	CHECK(!fuse_decode_body(&shape, m), "refused");
	CHECK(m->args.init.flags == UINT32_MAX && !m->args.init.flags2,
	      "flags2 0x%x", m->args.init.flags2);
}

static void test_lengths_of_strings(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(length_cases); i++) {
		const struct length_case *c = &length_cases[i];
		const struct fuse_shape shape = { .strings = { c->kind } };
		auto_free struct fuse_message *m = xcalloc(1, sizeof(*m));
		auto_free char *text = xcalloc(1, c->len + 1);
		struct iovec iov = { text, c->len + 1 };
		int r;

		memset(text, 'x', c->len);
		m->data = FUSE_IOV(&iov, 1, c->len + 1);
		r = fuse_decode_body(&shape, m);
		CHECK(r == c->want, "%s: %d", c->name, r);
		if (r == 0)
			CHECK(!strcmp(m->text[0], text), "%s: cut", c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_what_a_shorter_form_lacks_is_zero),
		cmocka_unit_test(test_lengths_of_strings),
	};

	return RUN_TESTS(tests);
}
