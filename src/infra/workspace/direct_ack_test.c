// SPDX-License-Identifier: Apache-2.0
/*
 * direct_ack_test.c - the acknowledgement is stored privately, and found.
 */
#include "infra/workspace/direct_ack.h"

#include <sys/stat.h>

#include "support/tree.h"

static mode_t mode_of(const char *path)
{
	struct stat st = { .st_mode = 0 };

	CHECK(lstat(path, &st) == 0, "'%s'", path);
	return st.st_mode & 07777;
}

static void test_it_is_there_once_stored(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *home = tree_path(dir, "state/broodbox");
	auto_free char *file = tree_path(dir, "state/broodbox/direct-mode-ack");
	struct err err = ERR_INIT;
	bool found = true;

	CHECK_OK(direct_ack_find(home, &found, &err), &err);
	assert_false(found);
	CHECK_OK(direct_ack_store(home, &err), &err);
	CHECK_OK(direct_ack_find(home, &found, &err), &err);
	assert_true(found);
	assert_int_equal(mode_of(home), 0700);
	assert_int_equal(mode_of(file), 0600);
	assert_true(
		tree_is(home, DIRECT_ACK_FILE, "direct-mode acknowledged\n"));
	/* Once more does no harm. */
	CHECK_OK(direct_ack_store(home, &err), &err);
	tree_remove(dir);
}

static void test_what_cannot_be_told_is_an_error(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *file = tree_path(dir, "file");
	struct err err = ERR_INIT;
	bool found = false;

	tree_write(dir, "file", "x");
	CHECK_FAILS(direct_ack_find(file, &found, &err), &err, ERR_SYSTEM,
		    "Not a directory");
	CHECK(direct_ack_store(file, &err) < 0, "stored in a file");
	tree_mkdir(dir, DIRECT_ACK_FILE);
	CHECK_FAILS(direct_ack_find(dir, &found, &err), &err, ERR_INVALID,
		    "is not a file");
	assert_false(found);
	tree_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_there_once_stored),
		cmocka_unit_test(test_what_cannot_be_told_is_an_error),
	};

	return RUN_TESTS(tests);
}
