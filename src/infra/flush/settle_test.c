// SPDX-License-Identifier: Apache-2.0
/*
 * settle_test.c - what a flush that was killed between any two steps leaves is
 * cleaned up, and nothing of the user's is lost by it.
 */
#include "infra/flush/settle.h"

#include "support/tree.h"

#include "domain/workspace/journal.h"

#define TEMP	".bbox-0123456789abcdef.tmp"
#define JOURNAL "v" JOURNAL_SUFFIX

struct fixture {
	char *dir, *w;
	struct tree_progress progress;
	struct log log;
	struct buf journal;
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .dir = tree_new(),
			       .progress = { .base = { &tree_progress_ops } },
			       .log = LOG_DISCARD,
			       .journal = BUF_INIT(65536),
			       .err = ERR_INIT };
	tree_mkdir(f->dir, "w");
	f->w = tree_path(f->dir, "w");
	CHECK_OK(journal_add_start(&f->journal, f->w, &f->err), &f->err);
}

static void teardown(struct fixture *f)
{
	buf_release(&f->journal);
	tree_progress_reset(&f->progress);
	tree_remove(f->dir);
	free(f->w);
	free(f->dir);
}

static void settle(struct fixture *f)
{
	auto_free char *path = tree_path(f->dir, JOURNAL);

	tree_write_bytes(f->dir, JOURNAL, f->journal.data, f->journal.len);
	settle_journal(path, &f->progress.base, &f->log);
	assert_false(tree_has(f->dir, JOURNAL));
}

static void add_step(struct fixture *f, enum journal_op op, const char *temp,
		     const char *ours, const char *old)
{
	struct journal_step step = { .op = op, .temp = temp, .name = "f" };
	struct stat st;

	if (ours) {
		CHECK(tree_stat(f->w, ours, &st), "%s", ours);
		step.ino = st.st_ino;
	}
	if (old) {
		CHECK(tree_stat(f->w, old, &st), "%s", old);
		step.old = file_identity_of(&st);
	}
	CHECK_OK(journal_add_step(&f->journal, &step, &f->err), &f->err);
}

/* How far the step got, and what the user did meanwhile. */
enum stage {
	NOT_TAKEN,  /* the destination has the old version */
	TAKEN,	    /* the old version is at the temporary name */
	LOST_OURS,  /* and what was put in its place is gone again */
	LATE_EDIT,  /* an edit of the user's is at the temporary name */
	EDIT_TWICE, /* and another one is at the destination */
};

/* clang-format off */
static const struct settle_case {
	const char *name;
	enum journal_op op;
	enum stage stage;
	const char *want; /* at the destination, NULL: nothing */
	bool kept;	  /* the temporary file, and said so */
} cases[] = {
	{ "swap, not taken",      JOURNAL_SWAP,   NOT_TAKEN,  "old",  false },
	{ "swap, taken",          JOURNAL_SWAP,   TAKEN,      "new",  false },
	{ "swap, new one gone",   JOURNAL_SWAP,   LOST_OURS,  "old",  false },
	{ "swap, late edit",      JOURNAL_SWAP,   LATE_EDIT,  "edit", false },
	{ "swap, two edits",      JOURNAL_SWAP,   EDIT_TWICE, "more", true },
	{ "removal, not taken",   JOURNAL_REMOVE, NOT_TAKEN,  "old",  false },
	{ "removal, taken",       JOURNAL_REMOVE, TAKEN,      NULL,   false },
	{ "removal, late edit",   JOURNAL_REMOVE, LATE_EDIT,  "edit", false },
	{ "removal, two edits",   JOURNAL_REMOVE, EDIT_TWICE, "more", true },
};
/* clang-format on */

static void stage_swap(struct fixture *f, enum stage stage)
{
	tree_write(f->w, TEMP, "new");
	add_step(f, JOURNAL_COPY, TEMP, NULL, NULL);
	add_step(f, JOURNAL_SWAP, TEMP, TEMP, "f");
	if (stage == NOT_TAKEN)
		return;
	if (stage == LATE_EDIT || stage == EDIT_TWICE)
		tree_write(f->w, "f", "edit");
	tree_rename(f->w, TEMP, "third");
	tree_rename(f->w, "f", TEMP);
	tree_rename(f->w, "third", "f");
	if (stage == LOST_OURS)
		tree_delete(f->w, "f");
	if (stage == EDIT_TWICE) {
		tree_write(f->w, "f.new", "more");
		tree_rename(f->w, "f.new", "f");
	}
}

static void stage_removal(struct fixture *f, enum stage stage)
{
	add_step(f, JOURNAL_REMOVE, TEMP, NULL, "f");
	if (stage == NOT_TAKEN)
		return;
	if (stage == LATE_EDIT || stage == EDIT_TWICE)
		tree_write(f->w, "f", "edit");
	tree_rename(f->w, "f", TEMP);
	if (stage == EDIT_TWICE)
		tree_write(f->w, "f", "more");
}

static void test_every_stage_ends_well(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct settle_case *c = &cases[i];
		struct fixture f;

		setup(&f);
		tree_write(f.w, "f", "old");
		if (c->op == JOURNAL_SWAP)
			stage_swap(&f, c->stage);
		else
			stage_removal(&f, c->stage);
		settle(&f);
		CHECK(c->want ? tree_is(f.w, "f", c->want)
			      : !tree_has(f.w, "f"),
		      "%s", c->name);
		CHECK(tree_has(f.w, TEMP) == c->kept, "%s: temp", c->name);
		CHECK(!c->kept || tree_is(f.w, TEMP, "edit"), "%s", c->name);
		CHECK(tree_progress_says(&f.progress, "is kept as") == c->kept,
		      "%s: said", c->name);
		teardown(&f);
	}
}

static void test_directory_takes_a_files_place(void **state unused)
{
	struct fixture f;

	/* Not taken, and then the file was removed: the directory may come. */
	setup(&f);
	tree_write(f.w, "f", "old");
	tree_mkdir(f.w, TEMP);
	add_step(&f, JOURNAL_SWAP, TEMP, TEMP, "f");
	settle(&f);
	assert_true(tree_is(f.w, "f", "old"));
	assert_false(tree_has(f.w, TEMP));
	tree_mkdir(f.w, TEMP);
	buf_reset(&f.journal);
	CHECK_OK(journal_add_start(&f.journal, f.w, &f.err), &f.err);
	add_step(&f, JOURNAL_SWAP, TEMP, TEMP, "f");
	tree_delete(f.w, "f");
	settle(&f);
	assert_true(tree_has(f.w, "f/."));
	assert_false(tree_has(f.w, TEMP));
	teardown(&f);
}

static void test_cleared_directory_is_followed_by_the_file(void **state unused)
{
	struct fixture f;

	setup(&f);
	tree_write(f.w, TEMP, "new");
	add_step(&f, JOURNAL_CLEAR, TEMP, TEMP, NULL);
	settle(&f);
	assert_true(tree_is(f.w, "f", "new"));
	assert_false(tree_has(f.w, TEMP));
	/* The directory is still there. */
	tree_delete(f.w, "f");
	tree_mkdir(f.w, "f");
	tree_write(f.w, TEMP, "new");
	buf_reset(&f.journal);
	CHECK_OK(journal_add_start(&f.journal, f.w, &f.err), &f.err);
	add_step(&f, JOURNAL_CLEAR, TEMP, TEMP, NULL);
	settle(&f);
	assert_true(tree_has(f.w, "f/."));
	assert_false(tree_has(f.w, TEMP));
	teardown(&f);
}

static void test_copies_go_wherever_they_are(void **state unused)
{
	struct fixture f;

	setup(&f);
	tree_write(f.w, "a/" TEMP, "half");
	tree_write(f.w, ".bbox-fedcba9876543210.tmp", "not listed");
	tree_write(f.dir, "out/" TEMP, "elsewhere");
	tree_link(f.w, "link", "../out");
	add_step(&f, JOURNAL_COPY, "a/" TEMP, NULL, NULL);
	add_step(&f, JOURNAL_COPY, "link/" TEMP, NULL, NULL);
	add_step(&f, JOURNAL_COPY, "gone/" TEMP, NULL, NULL);
	settle(&f);
	assert_false(tree_has(f.w, "a/" TEMP));
	assert_true(tree_has(f.w, ".bbox-fedcba9876543210.tmp"));
	assert_true(tree_has(f.dir, "out/" TEMP));
	teardown(&f);
}

static void test_journal_of_nothing_known_is_removed(void **state unused)
{
	struct fixture f;

	setup(&f);
	tree_write(f.w, TEMP, "x");
	buf_reset(&f.journal);
	CHECK_OK(buf_adds(&f.journal, "garbage", &f.err), &f.err);
	settle(&f);
	assert_true(tree_has(f.w, TEMP));
	teardown(&f);
}

static void test_journal_of_an_absent_workspace_stays(void **state unused)
{
	auto_free char *path = NULL;
	struct fixture f;

	setup(&f);
	path = tree_path(f.dir, JOURNAL);
	tree_write_bytes(f.dir, JOURNAL, f.journal.data, f.journal.len);
	tree_rename(f.dir, "w", "away");
	settle_journal(path, &f.progress.base, &f.log);
	assert_true(tree_has(f.dir, JOURNAL));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_stage_ends_well),
		cmocka_unit_test(test_directory_takes_a_files_place),
		cmocka_unit_test(
			test_cleared_directory_is_followed_by_the_file),
		cmocka_unit_test(test_copies_go_wherever_they_are),
		cmocka_unit_test(test_journal_of_nothing_known_is_removed),
		cmocka_unit_test(test_journal_of_an_absent_workspace_stays),
	};

	return RUN_TESTS(tests);
}
