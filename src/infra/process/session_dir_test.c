// SPDX-License-Identifier: Apache-2.0
/*
 * session_dir_test.c - session directories are owned while their process
 * lives and swept afterwards.
 */
#include "infra/process/session_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fs.h"
#include "support/check.h"

static char *parent;

static int make_parent(void **state unused)
{
	return fs_make_temp_dir("/tmp", "bbox-session-dir-", &parent,
				ERR_IGNORE);
}

static int remove_parent(void **state unused)
{
	int r = fs_remove_tree(parent, ERR_IGNORE);

	free(parent);
	return r;
}

static bool exists(const char *vm, const char *what)
{
	auto_free char *path = xasprintf("%s/%s/%s", parent, vm, what);
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Leaves a directory as a bbox that was killed does. */
static void make_dead(const char *vm)
{
	struct session_dir d = SESSION_DIR_INIT;
	struct err err = ERR_INIT;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(session_dir_create(parent, vm, &d, &err) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_vm_name_depends_on_workspace(void **state unused)
{
	auto_free char *a = session_vm_name("agent", "/a", "01234567");
	auto_free char *b = session_vm_name("agent", "/b", "01234567");

	assert_string_not_equal(a, b);
	CHECK(!strncmp(a, "sandbox-agent-", 14), "name '%s'", a);
	assert_int_equal(strlen(a), strlen("sandbox-agent-01234567-01234567"));
}

static void test_id_is_eight_hex_digits(void **state unused)
{
	char id[SESSION_ID_SIZE];
	struct err err = ERR_INIT;

	CHECK_OK(session_id_make(id, &err), &err);
	assert_int_equal(strspn(id, "0123456789abcdef"), 8);
}

static void test_live_session_survives_the_sweep(void **state unused)
{
	struct session_dir d = SESSION_DIR_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(session_dir_create(parent, "live", &d, &err), &err);
	session_dir_sweep(parent);
	assert_true(exists("live", "data"));
	session_dir_release(&d, /* keep_data */ false);
	assert_false(exists("live", "data"));
	assert_true(exists("live", SESSION_SENTINEL));
}

static void test_second_owner_is_refused(void **state unused)
{
	struct session_dir a = SESSION_DIR_INIT, b = SESSION_DIR_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(session_dir_create(parent, "twice", &a, &err), &err);
	CHECK_FAILS(session_dir_create(parent, "twice", &b, &err), &err,
		    ERR_SYSTEM, "lock");
	session_dir_release(&a, false);
}

static void test_dead_session_loses_its_data(void **state unused)
{
	make_dead("dead");
	assert_true(exists("dead", "data"));
	session_dir_sweep(parent);
	assert_false(exists("dead", "data"));
	assert_true(exists("dead", SESSION_SENTINEL));
}

static void test_foreign_directory_stays(void **state unused)
{
	auto_free char *path = xasprintf("%s/foreign/data", parent);
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_all(path, 0700, &err), &err);
	session_dir_sweep(parent);
	assert_true(exists("foreign", "data"));
}

static void test_only_the_newest_logs_are_kept(void **state unused)
{
	size_t kept = 0;
	char vm[32];

	for (size_t i = 0; i < SESSION_DIRS_KEPT + 5; i++) {
		snprintf(vm, sizeof(vm), "old-%zu", i);
		make_dead(vm);
	}
	session_dir_sweep(parent);
	for (size_t i = 0; i < SESSION_DIRS_KEPT + 5; i++) {
		snprintf(vm, sizeof(vm), "old-%zu", i);
		kept += exists(vm, SESSION_SENTINEL);
	}
	assert_int_equal(kept, SESSION_DIRS_KEPT);
}

static void test_missing_parent_is_nothing_to_sweep(void **state unused)
{
	session_dir_sweep("/nonexistent/vms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vm_name_depends_on_workspace),
		cmocka_unit_test(test_id_is_eight_hex_digits),
		cmocka_unit_test_setup_teardown(
			test_live_session_survives_the_sweep, make_parent,
			remove_parent),
		cmocka_unit_test_setup_teardown(test_second_owner_is_refused,
						make_parent, remove_parent),
		cmocka_unit_test_setup_teardown(
			test_dead_session_loses_its_data, make_parent,
			remove_parent),
		cmocka_unit_test_setup_teardown(test_foreign_directory_stays,
						make_parent, remove_parent),
		cmocka_unit_test_setup_teardown(
			test_only_the_newest_logs_are_kept, make_parent,
			remove_parent),
		cmocka_unit_test(test_missing_parent_is_nothing_to_sweep),
	};

	return RUN_TESTS(tests);
}
