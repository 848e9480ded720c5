// SPDX-License-Identifier: Apache-2.0
#include "infra/review/auto_reviewer.h"

#include "support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

static struct log quiet = LOG_DISCARD;
static const struct workspace_snapshot snapshot;

struct fixture {
	struct change_list changes;
	struct buf output;
	int r;
};

static void add(struct fixture *f, enum change_kind kind, const char *path)
{
	const struct change change = { .path = xstrdup(path), .kind = kind };

	change_list_add(&f->changes, &change);
}

static void review(struct fixture *f)
{
	struct err err = ERR_INIT;
	int fd = fd_memfd("review", &err);
	struct workspace_reviewer *r =
		auto_reviewer_new(&(struct auto_reviewer_config){
			.log = &quiet,
			.out_fd = fd,
		});

	f->output = BUF_INIT(65536);
	CHECK_OK(workspace_reviewer_review(r, &snapshot, &f->changes, &err),
		 &err);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	CHECK_OK(fd_read_all(fd, &f->output, &err), &err);
	auto_reviewer_free(r);
	fd_close(&fd);
}

static void release(struct fixture *f)
{
	change_list_release(&f->changes);
	buf_release(&f->output);
}

static bool says(const struct fixture *f, const char *text)
{
	return strstr(f->output.data, text);
}

static void test_nothing_is_said_about_nothing(void **state unused)
{
	struct fixture f = { .r = 0 };

	review(&f);
	assert_string_equal(f.output.data, "");
	release(&f);
}

static void test_ordinary_changes_are_accepted_silently(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_MODIFIED, "main.go");
	add(&f, CHANGE_ADDED, "new.go");
	add(&f, CHANGE_DELETED, "old.go");
	review(&f);
	assert_int_equal(change_list_accepted(&f.changes), 3);
	assert_string_equal(f.output.data, "");
	release(&f);
}

static void test_what_runs_by_itself_is_rejected(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_ADDED, ".git/hooks/pre-commit");
	add(&f, CHANGE_MODIFIED, "main.go");
	review(&f);
	assert_int_equal(f.changes.v[0].decision, CHANGE_REJECTED);
	assert_int_equal(f.changes.v[1].decision, CHANGE_ACCEPTED);
	assert_true(!strncmp(f.output.data, "REJECTED: ", 10));
	assert_true(says(&f, ".git/hooks/pre-commit"));
	assert_true(says(&f, "--review"));
	assert_true(says(&f, "1 file(s) auto-rejected (security-sensitive)"));
	assert_true(says(&f, "Use --review"));
	release(&f);
}

static void test_what_runs_in_a_build_is_warned_about(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_MODIFIED, "Makefile");
	add(&f, CHANGE_MODIFIED, "main.go");
	review(&f);
	assert_int_equal(change_list_accepted(&f.changes), 2);
	assert_true(!strncmp(f.output.data, "WARNING: Makefile: ", 19));
	assert_true(says(&f, "build system"));
	assert_true(says(&f, "1 file(s) warned"));
	assert_true(says(&f, "Use --review"));
	release(&f);
}

static void test_name_cannot_forge_a_line(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_ADDED, "x\nREJECTED: nothing\033[1A/Makefile");
	review(&f);
	assert_true(says(&f, "x\\nREJECTED: nothing\\x1b[1A/Makefile"));
	assert_false(strchr(f.output.data, '\033'));
	release(&f);
}

static void test_new_program_and_link_are_described(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_ADDED, "run");
	f.changes.v[0].mode = 0755;
	add(&f, CHANGE_ADDED, "sub/.husky");
	f.changes.v[1].type = CHANGE_SYMLINK;
	f.changes.v[1].target = xstrdup("hooks\033[2J");
	review(&f);
	assert_int_equal(f.changes.v[0].decision, CHANGE_ACCEPTED);
	assert_int_equal(f.changes.v[1].decision, CHANGE_REJECTED);
	assert_true(says(&f, "WARNING: run (new executable file): "));
	assert_true(says(&f, "REJECTED: sub/.husky (new symlink -> "
			     "'hooks\\x1b[2J'): "));
	release(&f);
}

static void test_conflict_is_left_for_later(void **state unused)
{
	struct fixture f = { .r = 0 };

	add(&f, CHANGE_MODIFIED, "a\033[2J");
	f.changes.v[0].is_conflict = true;
	add(&f, CHANGE_MODIFIED, ".husky/x");
	f.changes.v[1].is_conflict = true;
	add(&f, CHANGE_MODIFIED, "b");
	review(&f);
	assert_int_equal(f.changes.v[0].decision, CHANGE_POSTPONED);
	assert_int_equal(f.changes.v[1].decision, CHANGE_REJECTED);
	assert_int_equal(f.changes.v[2].decision, CHANGE_ACCEPTED);
	assert_true(says(&f, "CONFLICT: a\\x1b[2J: you changed it"));
	assert_true(says(&f, "bbox recover"));
	assert_true(says(&f, "--review"));
	assert_true(says(&f, "REJECTED: .husky/x"));
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_said_about_nothing),
		cmocka_unit_test(test_ordinary_changes_are_accepted_silently),
		cmocka_unit_test(test_what_runs_by_itself_is_rejected),
		cmocka_unit_test(test_what_runs_in_a_build_is_warned_about),
		cmocka_unit_test(test_name_cannot_forge_a_line),
		cmocka_unit_test(test_new_program_and_link_are_described),
		cmocka_unit_test(test_conflict_is_left_for_later),
	};

	return RUN_TESTS(tests);
}
