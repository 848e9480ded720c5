// SPDX-License-Identifier: Apache-2.0
/*
 * sandbox_test.c - the order of a session's steps, and what follows a failure,
 * with fakes of every port.
 */
#include "sandbox/sandbox.h"

#include <string.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "support/check.h"

/* Every step appends its letter; a step in @fails fails. */
struct world {
	char steps[64];
	const char *fails;
	size_t changes; /* what the differ finds */
	size_t accepts; /* how many of them the reviewer takes */
	enum err_kind attach_kind;
	int exit_code;
	bool direct;
	struct image_store images;
	struct kernel_source kernels;
	struct initramfs_builder initramfs;
	struct vm_runner runner;
	struct vm vm;
	struct session_runner sessions;
	struct workspace_cloner cloner;
	struct workspace_differ differ;
	struct workspace_reviewer reviewer;
	struct workspace_flusher flusher;
	struct workspace_snapshot snapshot;
	struct vm_share share; /* what the VM was given; @exclude and strings
				* of the fakes */
};

static int step(struct world *w, char letter, struct err *err)
{
	size_t n = strlen(w->steps);

	assert(n + 1 < sizeof(w->steps));
	w->steps[n] = letter;
	if (w->fails && strchr(w->fails, letter))
		return err_set(err, ERR_INVALID, "step %c", letter);
	return 0;
}

static int fake_resolve(struct image_store *s, const char *ref unused,
			struct progress *p unused, struct image *out,
			struct err *err)
{
	if (step(container_of(s, struct world, images), 'i', err) < 0)
		return -1;
	out->layers[0].path = xstrdup("/cache/layer");
	out->layer_count = 1;
	return 0;
}

static int fake_kernel(struct kernel_source *s, struct progress *p unused,
		       struct kernel *out, struct err *err)
{
	if (step(container_of(s, struct world, kernels), 'k', err) < 0)
		return -1;
	*out = (struct kernel){ .version = xstrdup("6.1.0"),
				.image_path = xstrdup("/cache/vmlinux"),
				.modules_dir = xstrdup("/cache/modules") };
	return 0;
}

static int fake_initramfs(struct initramfs_builder *b,
			  const struct kernel *kernel unused, char **out,
			  struct err *err)
{
	if (step(container_of(b, struct world, initramfs), 'r', err) < 0)
		return -1;
	*out = xstrdup("/cache/initramfs");
	return 0;
}

static int fake_make_keys(struct session_runner *r, struct session_keys *out,
			  struct err *err)
{
	if (step(container_of(r, struct world, sessions), 'y', err) < 0)
		return -1;
	*out = (struct session_keys){ .client_private = xstrdup("secret"),
				      .client_public = xstrdup("public"),
				      .host_private = xstrdup("secret"),
				      .host_public = xstrdup("public") };
	return 0;
}

static int fake_attach(struct session_runner *r, struct vm *vm unused,
		       const struct session_keys *keys unused,
		       const struct session_request *request unused,
		       struct session_result *out, struct err *err)
{
	struct world *w = container_of(r, struct world, sessions);

	if (step(w, 'a', err) < 0) {
		err->kind = w->attach_kind;
		return -1;
	}
	out->exit_code = w->exit_code;
	return 0;
}

static int fake_start(struct vm_runner *r, const struct vm_config *cfg,
		      struct vm **out, struct err *err)
{
	struct world *w = container_of(r, struct world, runner);

	assert_int_equal(cfg->share_count, 1);
	w->share = cfg->shares[0];
	if (step(w, 's', err) < 0)
		return -1;
	*out = &w->vm;
	return 0;
}

static int fake_stop(struct vm *vm, struct err *err)
{
	return step(container_of(vm, struct world, vm), 'x', err);
}

static void fake_free(struct vm *vm)
{
	discard(step(container_of(vm, struct world, vm), 'z', ERR_IGNORE));
}

static int fake_create(struct workspace_cloner *c, const char *workspace unused,
		       const struct exclude *exclude unused,
		       struct workspace_snapshot **out, struct err *err)
{
	struct world *w = container_of(c, struct world, cloner);

	if (step(w, 'c', err) < 0)
		return -1;
	*out = &w->snapshot;
	return 0;
}

static int fake_discard(struct workspace_cloner *c,
			struct workspace_snapshot *s unused, struct err *err)
{
	return step(container_of(c, struct world, cloner), 'd', err);
}

static void fake_keep(struct workspace_cloner *c,
		      struct workspace_snapshot *s unused)
{
	discard(step(container_of(c, struct world, cloner), 'K', ERR_IGNORE));
}

static int fake_compute(struct workspace_differ *d,
			const struct workspace_snapshot *s unused,
			const struct exclude *exclude unused,
			struct change_list *out, struct err *err)
{
	struct world *w = container_of(d, struct world, differ);

	for (size_t i = 0; i < w->changes; i++) {
		const struct change c = { .path = xasprintf("f%zu", i) };

		change_list_add(out, &c);
	}
	return step(w, 'D', err);
}

static int fake_review(struct workspace_reviewer *r,
		       const struct workspace_snapshot *s unused,
		       struct change_list *changes, struct err *err)
{
	struct world *w = container_of(r, struct world, reviewer);

	for (size_t i = 0; i < w->accepts; i++)
		changes->v[i].decision = CHANGE_ACCEPTED;
	return step(w, 'R', err);
}

static int fake_flush(struct workspace_flusher *f,
		      const struct workspace_snapshot *s unused,
		      const struct change_list *changes,
		      struct flush_report *out, struct err *err)
{
	out->written = change_list_accepted(changes);
	return step(container_of(f, struct world, flusher), 'F', err);
}

static void ignore_event(struct progress *p unused,
			 enum progress_event event unused,
			 const char *msg unused)
{
}

static const struct image_store_ops image_ops = { .resolve = fake_resolve };
static const struct kernel_source_ops kernel_ops = { .get = fake_kernel };
static const struct initramfs_builder_ops initramfs_ops = {
	.build = fake_initramfs,
};
static const struct vm_runner_ops runner_ops = { .start = fake_start };
static const struct vm_ops vm_ops = { .stop = fake_stop, .free = fake_free };
static const struct session_runner_ops session_ops = {
	.make_keys = fake_make_keys,
	.attach = fake_attach,
};
static const struct workspace_cloner_ops cloner_ops = {
	.create = fake_create,
	.discard = fake_discard,
	.keep = fake_keep,
};
static const struct workspace_differ_ops differ_ops = {
	.compute = fake_compute,
};
static const struct workspace_reviewer_ops reviewer_ops = {
	.review = fake_review,
};
static const struct workspace_flusher_ops flusher_ops = {
	.flush = fake_flush,
};
static const struct progress_ops progress_ops = { .event = ignore_event };

static int run(struct world *w, struct sandbox_result *out, struct err *err)
{
	static struct progress progress = { .ops = &progress_ops };
	static struct log log;
	const struct sandbox_request req = {
		.vm_name = "vm",
		.data_dir = "/data",
		.image = "base",
		.workspace = "/project",
		.command = "true",
		.env = "",
		.hostname = "sandbox",
		.name = "base",
		.snapshot_exclude = (struct exclude *)(void *)w,
		.direct = w->direct,
		.cpus = 2,
		.mem_mib = 2048,
		.tmp_mib = 256,
	};
	const struct sandbox_deps deps = {
		.images = &w->images,
		.kernels = &w->kernels,
		.initramfs = &w->initramfs,
		.runner = &w->runner,
		.sessions = &w->sessions,
		.cloner = &w->cloner,
		.differ = &w->differ,
		.reviewer = &w->reviewer,
		.flusher = &w->flusher,
		.progress = &progress,
		.log = &log,
	};

	w->images.ops = &image_ops;
	w->kernels.ops = &kernel_ops;
	w->initramfs.ops = &initramfs_ops;
	w->runner.ops = &runner_ops;
	w->vm.ops = &vm_ops;
	w->sessions.ops = &session_ops;
	w->cloner.ops = &cloner_ops;
	w->differ.ops = &differ_ops;
	w->reviewer.ops = &reviewer_ops;
	w->flusher.ops = &flusher_ops;
	w->snapshot.original = (char *)(uintptr_t) "/project";
	w->snapshot.path = (char *)(uintptr_t) "/snapshot";
	return sandbox_run(&deps, &req, out, err);
}

/*
 * i image, k kernel, r initramfs, y keys, c clone, s start, a attach, x stop,
 * z free, D diff, R review, F flush, d discard, K keep.
 */
/* clang-format off */
static const struct session_case {
	const char *name, *fails;
	size_t changes, accepts;
	const char *steps;
	int r;
	bool ended, kept;
	const char *text;
} cases[] = {
	{ "changes accepted",      NULL, 2, 2, "ikrycsaxzDRFd", 0,  true,  false, "" },
	{ "changes rejected",      NULL, 2, 0, "ikrycsaxzDRd",  0,  true,  false, "" },
	{ "no changes",            NULL, 0, 0, "ikrycsaxzDd",   0,  true,  false, "" },
	{ "image missing",         "i",  1, 1, "i",             -1, false, false, "image 'base': step i" },
	{ "kernel missing",        "k",  1, 1, "ik",            -1, false, false, "step k" },
	{ "initramfs fails",       "r",  1, 1, "ikr",           -1, false, false, "initramfs: step r" },
	{ "keys fail",             "y",  1, 1, "ikry",          -1, false, false, "step y" },
	{ "snapshot fails",        "c",  1, 1, "ikryc",         -1, false, false, "creating workspace snapshot: step c" },
	{ "boot fails",            "s",  1, 1, "ikrycsd",       -1, false, false, "start VM: step s" },
	{ "session breaks",        "a",  1, 1, "ikrycsaxzDRFd", -1, false, false, "step a" },
	{ "stop fails: no flush",  "x",  1, 1, "ikrycsaxzK",    -1, true,  true,  "stop VM: step x" },
	{ "diff fails: kept",      "D",  1, 1, "ikrycsaxzDK",   -1, true,  true,  "computing diff: step D" },
	{ "review fails: kept",    "R",  1, 1, "ikrycsaxzDRK",  -1, true,  true,  "reviewing changes: step R" },
	{ "flush fails: kept",     "F",  1, 1, "ikrycsaxzDRFK", -1, true,  true,  "flushing changes: step F" },
	{ "clean-up fails",        "d",  1, 1, "ikrycsaxzDRFd", 0,  true,  false, "" },
	{ "session before flush",  "aF", 1, 1, "ikrycsaxzDRFK", -1, false, true,  "step a" },
	{ "session before stop",   "ax", 1, 1, "ikrycsaxzK",    -1, false, true,  "step a" },
};
/* clang-format on */

static void test_steps_follow_what_happened(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct session_case *c = &cases[i];
		struct world w = { .fails = c->fails,
				   .changes = c->changes,
				   .accepts = c->accepts,
				   .attach_kind = ERR_PROTOCOL };
		struct sandbox_result out;
		struct err err = ERR_INIT;

		CHECK(run(&w, &out, &err) == c->r, "%s: %s", c->name, err.msg);
		CHECK(!strcmp(w.steps, c->steps), "%s: steps %s, want %s",
		      c->name, w.steps, c->steps);
		CHECK(out.ended == c->ended, "%s: ended", c->name);
		CHECK(!!out.kept == c->kept, "%s: kept", c->name);
		CHECK(!strcmp(err.msg, c->text), "%s: message '%s'", c->name,
		      err.msg);
		sandbox_result_release(&out);
	}
}

static void test_exit_code_is_the_commands(void **state unused)
{
	struct world w = { .exit_code = 137 };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_OK(run(&w, &out, &err), &err);
	assert_int_equal(out.session.exit_code, 137);
	sandbox_result_release(&out);
}

static void test_guest_gets_the_snapshot_not_the_workspace(void **state unused)
{
	struct world w = { .exit_code = 0 };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_OK(run(&w, &out, &err), &err);
	assert_string_equal(w.share.tag, GUEST_WORKSPACE_TAG);
	assert_string_equal(w.share.path, "/snapshot");
	assert_int_equal(w.share.mode, VM_SHARE_RW);
	assert_null(w.share.state_dir);
	assert_null(w.share.exclude);
	sandbox_result_release(&out);
}

/* No view, no diff, no review, whatever goes wrong; and nothing is hidden. */
static void test_direct_mode_shares_the_workspace(void **state unused)
{
	static const struct {
		const char *fails, *steps;
		int r;
	} direct[] = {
		{ NULL, "ikrysaxz", 0 },
		{ "s", "ikrys", -1 },
		{ "a", "ikrysaxz", -1 },
		{ "x", "ikrysaxz", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(direct); i++) {
		struct world w = { .fails = direct[i].fails,
				   .changes = 1,
				   .accepts = 1,
				   .direct = true };
		struct sandbox_result out;
		struct err err = ERR_INIT;

		CHECK(run(&w, &out, &err) == direct[i].r, "%s", err.msg);
		assert_string_equal(w.steps, direct[i].steps);
		assert_int_equal(w.share.mode, VM_SHARE_RW);
		assert_string_equal(w.share.path, "/project");
		assert_null(w.share.exclude);
		assert_null(out.kept);
		sandbox_result_release(&out);
	}
}

static void test_lazy_view_is_the_workspace_unwritten(void **state unused)
{
	struct world w = { .snapshot = { .view = WORKSPACE_VIEW_LAZY },
			   .changes = 1,
			   .accepts = 1 };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_OK(run(&w, &out, &err), &err);
	assert_string_equal(w.share.tag, GUEST_WORKSPACE_TAG);
	assert_string_equal(w.share.path, "/project");
	assert_int_equal(w.share.mode, VM_SHARE_COW);
	assert_string_equal(w.share.state_dir, "/snapshot");
	assert_ptr_equal(w.share.exclude, &w);
	/* The steps are those of a copy. */
	assert_string_equal(w.steps, "ikrycsaxzDRFd");
	sandbox_result_release(&out);
}

static void test_kept_lazy_view_is_its_state(void **state unused)
{
	struct world w = { .snapshot = { .view = WORKSPACE_VIEW_LAZY },
			   .fails = "x" };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_FAILS(run(&w, &out, &err), &err, ERR_INVALID, "stop VM");
	assert_string_equal(out.kept, "/snapshot");
	sandbox_result_release(&out);
}

static void test_kept_view_is_named(void **state unused)
{
	struct world w = { .fails = "F", .changes = 1, .accepts = 1 };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_FAILS(run(&w, &out, &err), &err, ERR_INVALID, "flushing");
	assert_string_equal(out.kept, "/snapshot");
	sandbox_result_release(&out);
}

static void test_cancelled_session_still_flushes(void **state unused)
{
	struct world w = { .fails = "a",
			   .attach_kind = ERR_CANCELLED,
			   .changes = 1,
			   .accepts = 1 };
	struct sandbox_result out;
	struct err err = ERR_INIT;

	CHECK_FAILS(run(&w, &out, &err), &err, ERR_CANCELLED, "step a");
	assert_non_null(strchr(w.steps, 'F'));
	sandbox_result_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_follow_what_happened),
		cmocka_unit_test(test_exit_code_is_the_commands),
		cmocka_unit_test(
			test_guest_gets_the_snapshot_not_the_workspace),
		cmocka_unit_test(test_direct_mode_shares_the_workspace),
		cmocka_unit_test(test_lazy_view_is_the_workspace_unwritten),
		cmocka_unit_test(test_kept_lazy_view_is_its_state),
		cmocka_unit_test(test_kept_view_is_named),
		cmocka_unit_test(test_cancelled_session_still_flushes),
	};

	return RUN_TESTS(tests);
}
