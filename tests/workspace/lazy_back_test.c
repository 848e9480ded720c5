// SPDX-License-Identifier: Apache-2.0
/*
 * lazy_back_test.c - random work of a guest in a lazy view and of the user in
 * his directory, brought back, against a model.
 *
 * The model knows for each path what the view holds. Without work of the
 * user's, the workspace must look like the view afterwards, whatever was
 * renamed, replaced or linked. With it, what the user wrote must still be
 * there.
 */
#include "support/guest.h"

#include <dirent.h>

#include "base/text.h"
#include "infra/diff/overlay_differ.h"
#include "infra/flush/flusher.h"

#define ROUNDS 100 /* unless $BBOX_TEST_ROUNDS says otherwise */
#define STEPS  24

static const char *const names[] = { "a",   "b",     "d", "d/a", "d/b",
				     "d/e", "d/e/a", "f", "f/a", "f/d" };
#define NAMES ARRAY_SIZE(names)

static const char *const contents[] = { "1", "2", "33", "44", "" };

struct fixture {
	struct view v;
	const char *w;
	struct guest g;
	struct workspace_differ *differ;
	struct workspace_flusher *flusher;
	unsigned int seed;
};

static unsigned int pick(struct fixture *f, unsigned int n)
{
	f->seed = f->seed * 1103515245 + 12345;
	return (f->seed >> 16) % n;
}

static const char *pick_name(struct fixture *f)
{
	return names[pick(f, NAMES)];
}

static const char *pick_text(struct fixture *f)
{
	return contents[pick(f, ARRAY_SIZE(contents))];
}

static void setup(struct fixture *f, unsigned int seed)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){ .seed = seed };
	view_new(&f->v);
	f->w = f->v.snapshot.original;
	tree_write(f->w, "a", "1");
	tree_write(f->w, "d/a", "2");
	tree_write(f->w, "d/e/a", "33");
	tree_write(f->w, "d/e/deep/x", "44");
	tree_link(f->w, "d/b", "a");
	if (pick(f, 2))
		tree_write(f->w, "f/a", "f");
	guest_new(&f->g, &f->v);
	CHECK_OK(overlay_differ_new(
			 &(struct differ_config){
				 .log = &f->v.log,
				 .progress = &f->v.progress.base,
			 },
			 &f->differ, &err),
		 &err);
	f->flusher = flusher_new(&(struct flusher_config){
		.log = &f->v.log,
		.progress = &f->v.progress.base,
	});
	umask(022);
}

static void teardown(struct fixture *f)
{
	overlay_differ_free(f->differ);
	flusher_free(f->flusher);
	guest_free(&f->g);
	view_free(&f->v);
}

/* The node at @path, if its directory is there; NULL without one. */
static struct overlay_node *look(struct fixture *f, const char *path,
				 bool *has_parent)
{
	auto_free char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	struct overlay_node *node;
	bool ok = true;

	*has_parent = true;
	if (slash) {
		*slash = '\0';
		node = look(f, dir, &ok);
		*has_parent = ok && node && node->kind == OVERLAY_DIR;
	}
	return *has_parent ? guest_look(&f->g, path, NULL, NULL) : NULL;
}

/* What a directory of the view shows, sorted by nobody. */
static bool is_empty(struct fixture *f, struct overlay_node *dir)
{
	auto_free char *full = NULL;
	struct overlay_child child;
	size_t at = 0, n = 0;
	DIR *stream;

	while (overlay_next_child(dir, &at, &child))
		n += child.node != NULL;
	if (n || !dir->lower)
		return !n;
	full = tree_path(f->w, dir->lower);
	stream = opendir(full);
	for (const struct dirent *d; stream && (d = readdir(stream));) {
		struct overlay_node *ignored;

		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			n += overlay_lookup(f->g.overlay, dir,
					    SPAN_STR(d->d_name),
					    &ignored) == OVERLAY_NAME_UNKNOWN;
	}
	if (stream)
		closedir(stream);
	return !n;
}

static bool may_replace(struct fixture *f, const struct overlay_node *from,
			struct overlay_node *to)
{
	if (!to)
		return true;
	if (from->kind == OVERLAY_DIR)
		return to->kind == OVERLAY_DIR && is_empty(f, to);
	return to->kind != OVERLAY_DIR;
}

static void rename_something(struct fixture *f)
{
	const char *from = pick_name(f), *to = pick_name(f);
	bool from_ok, to_ok;
	struct overlay_node *node = look(f, from, &from_ok);
	struct overlay_node *over = look(f, to, &to_ok);
	bool exchange = over && !pick(f, 3);
	size_t len = strlen(from), to_len = strlen(to);

	if (!node || !to_ok || node == over)
		return;
	/* Not into itself. */
	if ((!strncmp(to, from, len) && (to[len] == '/' || !to[len])) ||
	    (!strncmp(from, to, to_len) && from[to_len] == '/'))
		return;
	if (exchange || may_replace(f, node, over))
		guest_move(&f->g, from, to, exchange);
}

static void remove_something(struct fixture *f)
{
	const char *path = pick_name(f);
	bool ok;
	struct overlay_node *node = look(f, path, &ok);

	if (node && (node->kind != OVERLAY_DIR || is_empty(f, node)))
		guest_remove(&f->g, path);
}

static void write_something(struct fixture *f)
{
	const char *path = pick_name(f), *text = pick_text(f);
	bool ok;
	struct overlay_node *node = look(f, path, &ok);

	if (ok && (!node || node->kind == OVERLAY_FILE))
		guest_write(&f->g, path, text);
}

static void make_something(struct fixture *f)
{
	const char *path = pick_name(f);
	unsigned int what = pick(f, 3);
	bool ok, from_ok;
	struct overlay_node *node = look(f, path, &ok), *from;

	if (!ok || node)
		return;
	if (what == 0)
		guest_mkdir(&f->g, path);
	else if (what == 1)
		guest_symlink(&f->g, path, "x");
	else if ((from = look(f, "a", &from_ok)) && from->kind == OVERLAY_FILE)
		guest_link(&f->g, "a", path);
}

static void work(struct fixture *f)
{
	static void (*const deeds[])(struct fixture * f) = {
		rename_something, rename_something, remove_something,
		write_something,  make_something,
	};
	unsigned int n = pick(f, STEPS);

	while (n--)
		deeds[pick(f, ARRAY_SIZE(deeds))](f);
}

/* Every file, symlink and directory of the view, a line each. */
static void list_view(struct fixture *f, const char *path, struct buf *out);

static void list_name(struct fixture *f, const char *path, struct buf *out)
{
	struct overlay_node *node = guest_look(&f->g, path, NULL, NULL);
	auto_free char *text = NULL;
	struct err err = ERR_INIT;

	if (!node)
		return;
	if (node->kind == OVERLAY_DIR) {
		CHECK_OK(buf_addf(out, &err, "%s/\n", path), &err);
		list_view(f, path, out);
	} else if (node->kind == OVERLAY_SYMLINK) {
		CHECK_OK(buf_addf(out, &err, "%s -> %s\n", path, node->target),
			 &err);
	} else {
		text = node->own || !node->lower ? guest_content(&f->g, node)
						 : tree_read(f->w, node->lower);
		CHECK(text, "no content of '%s'", path);
		CHECK_OK(buf_addf(out, &err, "%s=%s\n", path, text), &err);
	}
}

static const char *const all_names[] = { "a", "b", "d", "deep", "e", "f", "x" };

static void list_view(struct fixture *f, const char *path, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_names); i++) {
		auto_free char *name = xasprintf(
			"%s%s%s", path, *path ? "/" : "", all_names[i]);

		list_name(f, name, out);
	}
}

static void list_tree(const char *root, const char *path, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_names); i++) {
		auto_free char *name = xasprintf(
			"%s%s%s", path, *path ? "/" : "", all_names[i]);
		auto_free char *full = tree_path(root, name);
		auto_free char *text = NULL;
		char target[64] = "";
		struct err err = ERR_INIT;
		struct stat st;

		if (!tree_stat(root, name, &st))
			continue;
		if (S_ISDIR(st.st_mode)) {
			CHECK_OK(buf_addf(out, &err, "%s/\n", name), &err);
			list_tree(root, name, out);
		} else if (S_ISLNK(st.st_mode)) {
			CHECK(readlink(full, target, 63) > 0, "%s", name);
			CHECK_OK(
				buf_addf(out, &err, "%s -> %s\n", name, target),
				&err);
		} else {
			text = tree_read(root, name);
			CHECK_OK(buf_addf(out, &err, "%s=%s\n", name, text),
				 &err);
		}
	}
}

static void bring_back(struct fixture *f, struct flush_report *report,
		       void (*meanwhile)(struct fixture *f))
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(workspace_differ_compute(f->differ, &f->v.snapshot, NULL,
					  &changes, &err),
		 &err);
	for (size_t i = 0; i < changes.n; i++)
		changes.v[i].decision = CHANGE_ACCEPTED;
	if (meanwhile)
		meanwhile(f);
	if (workspace_flusher_flush(f->flusher, &f->v.snapshot, &changes,
				    report, &err) < 0)
		CHECK(report->failed, "%s", err.msg);
	CHECK(tree_is_clean(f->w), "temporary files");
}

static unsigned int rounds(void)
{
	const char *text = getenv("BBOX_TEST_ROUNDS");
	uint64_t n = ROUNDS;

	if (text)
		CHECK(text_parse_u64(text, 1000000, &n), "'%s'", text);
	return (unsigned int)n;
}

static void test_workspace_becomes_what_the_guest_saw(void **state unused)
{
	for (unsigned int seed = 0; seed < rounds(); seed++) {
		auto_buf struct buf want = BUF_INIT(65536);
		auto_buf struct buf got = BUF_INIT(65536);
		struct flush_report report;
		struct fixture f;

		setup(&f, seed);
		work(&f);
		list_view(&f, "", &want);
		bring_back(&f, &report, NULL);
		list_tree(f.w, "", &got);
		CHECK(!report.failed, "seed %u: %zu failed:\n%s", seed,
		      report.failed, f.v.progress.text);
		CHECK(!strcmp(got.data, want.data), "seed %u: got\n%swant\n%s",
		      seed, got.data, want.data);
		teardown(&f);
	}
}

#define USERS "user's work"

/* Writes into what is there and makes new files; each must survive. */
static void edit(struct fixture *f)
{
	tree_write(f->w, "mine", USERS);
	for (unsigned int n = pick(f, 3) + 1; n--;) {
		const char *path = pick_name(f);
		struct stat st;

		if (tree_stat(f->w, path, &st) && S_ISREG(st.st_mode))
			tree_write(f->w, path, USERS);
	}
	if (tree_has(f->w, "d/e") && pick(f, 2))
		tree_write(f->w, "d/e/mine", USERS);
}

static unsigned int count_users(const char *root, const char *path)
{
	static const char *const more[] = { "mine" };
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all_names) + ARRAY_SIZE(more); i++) {
		auto_free char *name = xasprintf(
			"%s%s%s", path, *path ? "/" : "",
			i < ARRAY_SIZE(all_names) ? all_names[i] : more[0]);
		struct stat st;

		if (!tree_stat(root, name, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			n += count_users(root, name);
		else if (S_ISREG(st.st_mode))
			n += tree_is(root, name, USERS);
	}
	return n;
}

static unsigned int users_files;

static void edit_and_count(struct fixture *f)
{
	edit(f);
	users_files = count_users(f->w, "");
}

static void test_users_work_is_never_lost(void **state unused)
{
	for (unsigned int seed = 0; seed < rounds(); seed++) {
		struct flush_report report;
		struct fixture f;

		setup(&f, seed);
		work(&f);
		bring_back(&f, &report, edit_and_count);
		CHECK(count_users(f.w, "") >= users_files,
		      "seed %u: %u of %u left", seed, count_users(f.w, ""),
		      users_files);
		teardown(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workspace_becomes_what_the_guest_saw),
		cmocka_unit_test(test_users_work_is_never_lost),
	};

	return RUN_TESTS(tests);
}
