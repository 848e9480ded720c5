// SPDX-License-Identifier: Apache-2.0
/*
 * decided_test.c - decisions are remembered, and nothing else is taken for one.
 */
#include "infra/diff/decided.h"

#include "infra/sys/fd.h"
#include "support/tree.h"

static void add(struct change_list *list, const char *path, bool is_asked)
{
	const struct change change = { .path = xstrdup(path),
				       .is_asked = is_asked };

	change_list_add(list, &change);
}

static void check_read(const char *dir, const char *want)
{
	auto_strv struct strv paths = STRV_INIT;
	struct err err = ERR_INIT;
	auto_close int fd = fd_open_dir(dir, &err);
	auto_free char *got = xstrdup("");

	CHECK_OK(decided_read(fd, &paths, &err), &err);
	for (size_t i = 0; i < paths.n; i++) {
		char *longer = xasprintf("%s%s|", got, paths.v[i]);

		free(got);
		got = longer;
	}
	assert_string_equal(got, want);
}

static void test_decisions_add_up(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_change_list struct change_list first = CHANGE_LIST_INIT;
	auto_change_list struct change_list second = CHANGE_LIST_INIT;
	struct err err = ERR_INIT;

	check_read(dir, "");
	CHECK_OK(decided_add(dir, &first, &err), &err);
	assert_false(tree_has(dir, DECIDED_FILE));
	add(&first, "z", true);
	add(&first, "a\nb", true);
	add(&first, "later", false);
	CHECK_OK(decided_add(dir, &first, &err), &err);
	check_read(dir, "a\nb|z|");
	add(&second, "later", true);
	CHECK_OK(decided_add(dir, &second, &err), &err);
	check_read(dir, "a\nb|later|z|");
	tree_remove(dir);
}

/* Whoever can write to the session directory may try these. */
static void test_strange_files_are_refused_or_empty(void **state unused)
{
	auto_free char *dir = tree_new();
	struct err err = ERR_INIT;
	auto_strv struct strv paths = STRV_INIT;
	auto_close int fd = fd_open_dir(dir, &err);

	tree_write_bytes(dir, DECIDED_FILE, "\0\0\0a\0\0cut", 9);
	check_read(dir, "a|cut|");
	tree_delete(dir, DECIDED_FILE);
	tree_link(dir, DECIDED_FILE, "/etc/passwd");
	assert_int_equal(decided_read(fd, &paths, &err), -1);
	tree_delete(dir, DECIDED_FILE);
	tree_mkdir(dir, DECIDED_FILE);
	err = ERR_INIT;
	assert_int_equal(decided_read(fd, &paths, &err), -1);
	tree_remove(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions_add_up),
		cmocka_unit_test(test_strange_files_are_refused_or_empty),
	};

	return RUN_TESTS(tests);
}
