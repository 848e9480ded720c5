// SPDX-License-Identifier: Apache-2.0
/*
 * roundtrip_test.c - random work of a guest and of the user, there and back
 * through cloner, differ and flusher, against a model.
 *
 * The model is the three-way rule, written once more and simply: for each
 * path, what it was (base), what the user made of it (ours) and what the guest
 * made of it (theirs). Nothing the user did may be lost, and nothing the guest
 * did may be lost without a report. What both had made the same when the
 * changes were computed is no change any more; what the user makes of it later
 * counts.
 *
 * Where only identities were recorded, a path that the user saved and put back
 * may be reported as a conflict, which loses nothing.
 */
#include "support/tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/text.h"
#include "infra/diff/differ.h"
#include "infra/flush/flusher.h"
#include "infra/flush/settle.h"
#include "infra/workspace/cloner.h"
#include "infra/workspace/sentinel.h"
#include "infra/workspace/snapshot_dir.h"

#define ROUNDS 100 /* unless $BBOX_TEST_ROUNDS says otherwise */
#define ABSENT NULL

static const char *const paths[] = {
	"a", "b", "d/a", "d/b", "d/e/a", "f/x", "g\nh", "i j",
};
#define PATHS ARRAY_SIZE(paths)

/* Contents that differ in length or not, so that time stamps matter. */
static const char *const contents[] = { "1", "2", "33", "44", "" };

struct model {
	const char *base[PATHS], *ours[PATHS], *theirs[PATHS];
	const char *at_diff[PATHS]; /* ours, when the changes were computed */
	bool touched[PATHS];	    /* by the user, whatever came of it */
	/* Is what the user touched known to differ from the base? */
	bool exact;
};

struct fixture {
	char *dir, *workspace, *cache; /* owned */
	struct tree_progress progress;
	struct log log;
	struct workspace_cloner *cloner;
	struct workspace_differ *differ;
	struct workspace_flusher *flusher;
	struct workspace_snapshot *snapshot;
	unsigned int seed;
};

static unsigned int pick(struct fixture *f, unsigned int n)
{
	f->seed = f->seed * 1103515245 + 12345;
	return (f->seed >> 16) % n;
}

static void setup(struct fixture *f, unsigned int seed, int64_t settle_ns)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){
		.progress = { .base = { &tree_progress_ops } },
		.log = LOG_DISCARD,
		.seed = seed,
	};
	f->dir = tree_new();
	tree_mkdir(f->dir, "w");
	f->workspace = tree_path(f->dir, "w");
	f->cache = tree_path(f->dir, "c");
	f->cloner = cloner_new(&(struct cloner_config){
		.cache_dir = f->cache,
		.log = &f->log,
		.progress = &f->progress.base,
		.settle_ns = settle_ns,
	});
	f->flusher = flusher_new(&(struct flusher_config){
		.log = &f->log,
		.progress = &f->progress.base,
	});
	CHECK_OK(differ_new(
			 &(struct differ_config){
				 .log = &f->log,
				 .progress = &f->progress.base,
			 },
			 &f->differ, &err),
		 &err);
}

static void teardown(struct fixture *f)
{
	cloner_free(f->cloner);
	differ_free(f->differ);
	flusher_free(f->flusher);
	tree_progress_reset(&f->progress);
	tree_remove(f->dir);
	free(f->dir);
	free(f->workspace);
	free(f->cache);
}

/* Makes @path hold @text, in one of the ways in which programs do it. */
static void put(struct fixture *f, const char *root, const char *path,
		const char *text)
{
	if (!text) {
		if (tree_has(root, path))
			tree_delete(root, path);
	} else if (pick(f, 2)) {
		auto_free char *temp = xasprintf("%s.new", path);

		tree_write(root, temp, text);
		tree_rename(root, temp, path);
	} else {
		tree_write(root, path, text);
	}
}

/* Changes some paths of @root, and @state with them; @touched may be NULL. */
static void work(struct fixture *f, const char *root, const char *state[PATHS],
		 bool *touched)
{
	unsigned int n = pick(f, 7);

	while (n--) {
		size_t i = pick(f, PATHS);
		const char *text =
			pick(f, 3) ? contents[pick(f, ARRAY_SIZE(contents))]
				   : ABSENT;

		put(f, root, paths[i], text);
		state[i] = text;
		if (touched)
			touched[i] = true;
	}
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

enum outcome { KEEP_OURS, TAKE_THEIRS, CONFLICT };

static enum outcome merge(const struct model *m, size_t i)
{
	if (same(m->theirs[i], m->base[i]) || same(m->theirs[i], m->ours[i]) ||
	    same(m->theirs[i], m->at_diff[i]))
		return KEEP_OURS;
	return same(m->ours[i], m->base[i]) ? TAKE_THEIRS : CONFLICT;
}

static void check_result(const struct fixture *f, const struct model *m,
			 size_t reported, unsigned int seed)
{
	size_t conflicts = 0, doubtful = 0;

	for (size_t i = 0; i < PATHS; i++) {
		auto_free char *got = tree_read(f->workspace, paths[i]);
		enum outcome outcome = merge(m, i);
		bool in_doubt =
			!m->exact && m->touched[i] && outcome != CONFLICT;
		bool is_ours = same(got, m->ours[i]);

		conflicts += outcome == CONFLICT;
		doubtful += in_doubt;
		CHECK(outcome == TAKE_THEIRS && !(in_doubt && is_ours)
			      ? same(got, m->theirs[i])
			      : is_ours,
		      "seed %u, path %zu: base '%s', ours '%s', theirs '%s', "
		      "got '%s'",
		      seed, i, m->base[i], m->ours[i], m->theirs[i], got);
	}
	CHECK(reported >= conflicts && reported <= conflicts + doubtful,
	      "seed %u: %zu of %zu conflicts reported", seed, reported,
	      conflicts);
}

static void accept_all(struct change_list *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		changes->v[i].decision = CHANGE_ACCEPTED;
}

static void one_round(unsigned int seed, int64_t settle_ns)
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	struct flush_report report;
	struct err err = ERR_INIT;
	struct model m = { .exact = !settle_ns };
	struct fixture f;
	int r;

	setup(&f, seed, settle_ns);
	work(&f, f.workspace, m.base, NULL);
	work(&f, f.workspace, m.base, NULL);
	if (settle_ns)
		nanosleep(&(struct timespec){ .tv_nsec = 2 * settle_ns }, NULL);
	memcpy(m.ours, m.base, sizeof(m.base));
	memcpy(m.theirs, m.base, sizeof(m.base));
	CHECK_OK(workspace_cloner_create(f.cloner, f.workspace, NULL,
					 &f.snapshot, &err),
		 &err);
	work(&f, f.snapshot->path, m.theirs, NULL);
	work(&f, f.workspace, m.ours, m.touched);
	memcpy(m.at_diff, m.ours, sizeof(m.ours));
	CHECK_OK(workspace_differ_compute(f.differ, f.snapshot, NULL, &changes,
					  &err),
		 &err);
	accept_all(&changes);
	/* The user goes on while the changes are reviewed. */
	work(&f, f.workspace, m.ours, m.touched);
	r = workspace_flusher_flush(f.flusher, f.snapshot, &changes, &report,
				    &err);
	CHECK(r == (report.failed ? -1 : 0), "seed %u", seed);
	CHECK(!report.failed || err.kind == ERR_CONFLICT, "seed %u: %s", seed,
	      err.msg);
	check_result(&f, &m, report.failed, seed);
	CHECK(tree_is_clean(f.workspace), "seed %u", seed);
	CHECK_OK(workspace_cloner_discard(f.cloner, f.snapshot, &err), &err);
	teardown(&f);
}

static unsigned int rounds(void)
{
	const char *text = getenv("BBOX_TEST_ROUNDS");
	uint64_t n = ROUNDS;

	if (text)
		CHECK(text_parse_u64(text, 1000000, &n), "'%s'", text);
	return (unsigned int)n;
}

static void test_fresh_files_merge_as_the_model_says(void **state unused)
{
	for (unsigned int i = 0; i < rounds(); i++)
		one_round(i, /* settle_ns */ 0);
}

/*
 * Files older than the settling time are told apart by their identity alone.
 * Twelve milliseconds are more than a tick of the kernel's clock.
 */
static void test_settled_files_merge_as_the_model_says(void **state unused)
{
	for (unsigned int i = 0; i < rounds() / 8; i++)
		one_round(i, INT64_C(12000000));
}

/* Two thousand files, some of each kind of change. */
static void test_large_tree_comes_back(void **state unused)
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	struct flush_report report;
	struct err err = ERR_INIT;
	struct fixture f;
	char path[32];

	setup(&f, 1, 0);
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "d%d/f%d", i % 40, i);
		tree_write(f.workspace, path, path);
	}
	CHECK_OK(workspace_cloner_create(f.cloner, f.workspace, NULL,
					 &f.snapshot, &err),
		 &err);
	for (int i = 0; i < 2000; i += 4) {
		snprintf(path, sizeof(path), "d%d/f%d", i % 40, i);
		if (i % 8)
			tree_delete(f.snapshot->path, path);
		else
			tree_write(f.snapshot->path, path, "guest");
		snprintf(path, sizeof(path), "new%d/f%d", i % 40, i);
		tree_write(f.snapshot->path, path, "guest");
	}
	CHECK_OK(workspace_differ_compute(f.differ, f.snapshot, NULL, &changes,
					  &err),
		 &err);
	assert_int_equal(changes.n, 1000);
	accept_all(&changes);
	CHECK_OK(workspace_flusher_flush(f.flusher, f.snapshot, &changes,
					 &report, &err),
		 &err);
	assert_int_equal(report.written, 1000);
	assert_true(tree_is(f.workspace, "d0/f0", "guest"));
	assert_false(tree_has(f.workspace, "d4/f4"));
	assert_true(tree_is(f.workspace, "new8/f8", "guest"));
	assert_true(tree_is(f.workspace, "d1/f1", "d1/f1"));
	CHECK_OK(workspace_cloner_discard(f.cloner, f.snapshot, &err), &err);
	teardown(&f);
}

/* A session's end in a process of its own: copy, change, flush. */
static void run_session(struct fixture *f)
{
	struct change_list changes = CHANGE_LIST_INIT;
	struct flush_report report;
	struct err err = ERR_INIT;
	char path[32];

	CHECK_OK(workspace_cloner_create(f->cloner, f->workspace, NULL,
					 &f->snapshot, &err),
		 &err);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d%d/f%d", i % 3, i);
		tree_write(f->snapshot->path, path, "new");
	}
	CHECK_OK(workspace_differ_compute(f->differ, f->snapshot, NULL,
					  &changes, &err),
		 &err);
	accept_all(&changes);
	CHECK_OK(workspace_flusher_flush(f->flusher, f->snapshot, &changes,
					 &report, &err),
		 &err);
}

static void kill_session(unsigned int delay_us)
{
	auto_free char *base = NULL;
	struct fixture f;
	char path[32];
	pid_t child;

	setup(&f, 1, 0);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d%d/f%d", i % 3, i);
		tree_write(f.workspace, path, "old content");
	}
	child = fork();
	if (!child) {
		run_session(&f);
		_exit(0);
	}
	usleep(delay_us);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	workspace_sweep(&(struct sweep_config){
		.cache_dir = f.cache,
		.log = &f.log,
		.progress = &f.progress.base,
		.settle = settle_journal,
	});
	CHECK(tree_is_clean(f.workspace), "after %u us", delay_us);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d%d/f%d", i % 3, i);
		CHECK(tree_is(f.workspace, path, "new") ||
			      tree_is(f.workspace, path, "old content"),
		      "'%s' after %u us", path, delay_us);
	}
	/* Empty again, so it can be removed. */
	base = tree_path(f.cache, SNAPSHOT_DIR_BASE);
	if (tree_has(f.cache, SNAPSHOT_DIR_BASE))
		CHECK(!rmdir(base), "after %u us: '%s' is not empty", delay_us,
		      base);
	teardown(&f);
}

static void test_sweep_cleans_up_after_a_killed_session(void **state unused)
{
	for (unsigned int delay_us = 0; delay_us < 120000; delay_us += 4000)
		kill_session(delay_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh_files_merge_as_the_model_says),
		cmocka_unit_test(test_settled_files_merge_as_the_model_says),
		cmocka_unit_test(test_large_tree_comes_back),
		cmocka_unit_test(test_sweep_cleans_up_after_a_killed_session),
	};

	return RUN_TESTS(tests);
}
