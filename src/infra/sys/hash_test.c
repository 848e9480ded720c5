// SPDX-License-Identifier: Apache-2.0
/*
 * hash_test.c - tests of infra/sys/hash, against the vectors of FIPS 180-2.
 */
#include "infra/sys/hash.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define LONG_TEXT "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

/* clang-format off */
static const struct hash_case {
	const char *text, *sha256;
} hash_cases[] = {
	{ "",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ LONG_TEXT,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};
/* clang-format on */

static void test_sha256_matches_the_standard(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(hash_cases); i++) {
		const struct hash_case *c = &hash_cases[i];
		auto_hash struct hash *h = hash_new(HASH_SHA256);
		auto_free char *hex = NULL;
		char whole[SHA256_HEX_SIZE];

		/* Byte by byte must give the same as all at once. */
		for (const char *p = c->text; *p; p++)
			hash_add(h, p, 1);
		hex = hash_hex(h);
		hash_sha256(c->text, strlen(c->text), whole);
		CHECK(!strcmp(hex, c->sha256), "'%s': %s", c->text, hex);
		CHECK(!strcmp(whole, c->sha256), "'%s': %s", c->text, whole);
	}
}

static void test_sha512_is_base64_as_in_npm(void **state unused)
{
	auto_hash struct hash *h = hash_new(HASH_SHA512);
	auto_free char *text = NULL;

	hash_add(h, "abc", 3);
	text = hash_base64(h);
	assert_string_equal(text,
			    "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05oh"
			    "kpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==");
}

static void test_sha256_has_padded_base64(void **state unused)
{
	auto_hash struct hash *h = hash_new(HASH_SHA256);
	auto_free char *text = hash_base64(h);

	assert_string_equal(text,
			    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

static void test_descriptor_is_hashed_from_its_offset(void **state unused)
{
	struct err err = ERR_INIT;
	auto_close int fd = fd_memfd("test", &err);
	char hex[SHA256_HEX_SIZE];

	CHECK_OK(fd, &err);
	CHECK_OK(fd_write_all(fd, "xxabc", 5, &err), &err);
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	CHECK_OK(hash_sha256_fd(fd, hex, &err), &err);
	assert_string_equal(hex, hash_cases[1].sha256);
}

static void test_large_file_is_hashed_in_chunks(void **state unused)
{
	const size_t len = 1000000; /* the third vector: a million times 'a' */
	auto_free char *text = xmalloc(len);
	struct err err = ERR_INIT;
	auto_close int fd = fd_memfd("test", &err);
	char hex[SHA256_HEX_SIZE];

	memset(text, 'a', len);
	CHECK_OK(fd_write_all(fd, text, len, &err), &err);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	CHECK_OK(hash_sha256_fd(fd, hex, &err), &err);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
				 "f1809a48a497200e046d39ccc7112cd0");
}

static void test_unreadable_descriptor_is_an_error(void **state unused)
{
	struct err err = ERR_INIT;
	auto_close int dir = fd_open_dir("/", &err);
	char hex[SHA256_HEX_SIZE];

	CHECK_FAILS(hash_sha256_fd(dir, hex, &err), &err, ERR_SYSTEM,
		    "read: Is a directory");
}

static void test_free_of_nothing_is_fine(void **state unused)
{
	hash_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_matches_the_standard),
		cmocka_unit_test(test_sha512_is_base64_as_in_npm),
		cmocka_unit_test(test_sha256_has_padded_base64),
		cmocka_unit_test(test_descriptor_is_hashed_from_its_offset),
		cmocka_unit_test(test_large_file_is_hashed_in_chunks),
		cmocka_unit_test(test_unreadable_descriptor_is_an_error),
		cmocka_unit_test(test_free_of_nothing_is_fine),
	};

	return RUN_TESTS(tests);
}
