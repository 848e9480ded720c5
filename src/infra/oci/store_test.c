// SPDX-License-Identifier: Apache-2.0
/*
 * store_test.c - the local store, with a recipe that needs no tools and one
 * whose tools are fakes.
 */
#include "infra/oci/store.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/oci/image_config.h"
#include "infra/oci/oci_test_support.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"
#include "support/check.h"

/* Stands for mmdebstrap: an archive, messages, and what it was asked for. */
#define FAKE_MMDEBSTRAP                             \
	"#!/bin/sh\n"                               \
	"echo \"$@\" > \"${0%/*}/../args\"\n"       \
	"echo 'I: running apt-get update...' >&2\n" \
	"mkdir \"$TMPDIR/left\" || exit 9\n"        \
	"cat \"${0%/*}/../base.tar\"\n"
#define FAKE_FAILURE                            \
	"#!/bin/sh\n"                           \
	"head -c 700 \"${0%/*}/../base.tar\"\n" \
	"echo 'E: no such suite' >&2\n"         \
	"exit 25\n"
/* Stands for unshare(1): runs what comes behind "--". */
#define FAKE_UNSHARE                               \
	"#!/bin/sh\n"                              \
	"while [ \"$1\" != -- ]; do shift; done\n" \
	"shift\n"                                  \
	"exec \"$@\"\n"
#define FAKE_NPM                                       \
	"#!/bin/sh\n"                                  \
	"for a; do case $a in --pack-destination=*)\n" \
	"cp \"${0%/*}/../pkg.tgz\" \"${a#*=}/pkg-1.tgz\";; esac; done\n"

#define BASE                                                          \
	"name: base\n"                                                \
	"debian: {suite: bookworm, user: sandbox, packages: [git]}\n" \
	"files: [{path: /home/sandbox, owner: 1000}]\n"               \
	"env: [PATH=/bin, LANG=C]\n"                                  \
	"cmd: [sh]\n"
#define AGENT                                     \
	"name: agent\n"                           \
	"from: base\n"                            \
	"files: [{path: /bin/agent, text: hi}]\n" \
	"env: [LANG=C.UTF-8]\n"                   \
	"cmd: [agent]\n"

struct fixture {
	char *dir; /* owned: cache, fake tools, scratch */
	char *cache, *tools, *scratch;
	struct loop *loop;
	struct log log;
	struct progress progress;
	char started[4096]; /* phases, joined */
	struct oci_recipe recipes[2];
	struct image_store *store;
};

static void on_event(struct progress *p, enum progress_event event,
		     const char *msg)
{
	struct fixture *f = container_of(p, struct fixture, progress);
	size_t len = strlen(f->started);

	if (event == PROGRESS_START)
		snprintf(f->started + len, sizeof(f->started) - len, "%s|",
			 msg);
}

static void on_advance(struct progress *p unused, uint64_t done unused,
		       uint64_t total unused, const char *unit unused)
{
}

static const struct progress_ops progress_ops = {
	.event = on_event,
	.advance = on_advance,
};

static void write_tool(struct fixture *f, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", f->tools, name);
	struct err err = ERR_INIT;

	CHECK_OK(fs_replace_file(path, text, strlen(text), 0755, &err), &err);
}

static void write_base_tar(struct fixture *f)
{
	auto_free char *path = xasprintf("%s/base.tar", f->dir);
	auto_buf struct buf tar = BUF_INIT((size_t)64 * 1024);
	struct err err = ERR_INIT;

	tar_add(&tar, &(struct tar_member){
			      .type = '5', .name = "bin", .mode = 0755 });
	tar_add(&tar, &(struct tar_member){ .type = '0',
					    .name = "bin/sh",
					    .text = "shell",
					    .mode = 0755 });
	tar_end(&tar);
	CHECK_OK(fs_replace_file(path, tar.data, tar.len, 0600, &err), &err);
}

static void open_store(struct fixture *f, const char *agent_yaml)
{
	const char *env[] = { "PATH=/usr/bin:/bin", NULL };
	const struct oci_store_config config = {
		.cache_dir = f->cache,
		.recipes = f->recipes,
		.recipe_count = 2,
		.path_var = f->tools,
		.envp = env,
		.scratch_dir = f->scratch,
		.loop = f->loop,
		.log = &f->log,
	};

	f->recipes[0] = (struct oci_recipe){ "base", SPAN_STR(BASE) };
	f->recipes[1] = (struct oci_recipe){ "agent", SPAN_STR(agent_yaml) };
	oci_store_free(f->store);
	f->store = oci_store_new(&config);
	f->started[0] = '\0';
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	f->dir = test_dir_new();
	f->cache = xasprintf("%s/cache", f->dir);
	f->tools = xasprintf("%s/tools", f->dir);
	f->scratch = xasprintf("%s/scratch", f->dir);
	f->log = LOG_DISCARD;
	f->progress.ops = &progress_ops;
	CHECK_OK(fs_mkdir_all(f->tools, 0755, &err), &err);
	CHECK_OK(fs_mkdir_all(f->scratch, 0755, &err), &err);
	CHECK_OK(loop_new(&f->loop, &err), &err);
	write_base_tar(f);
	write_tool(f, "mmdebstrap", FAKE_MMDEBSTRAP);
	write_tool(f, "unshare", FAKE_UNSHARE);
	write_tool(f, "rm", "#!/bin/sh\nexec rm \"$@\"\n");
	/* Whichever way the machine allows, there is one. */
	write_tool(f, "newuidmap", "");
	write_tool(f, "fakechroot", "");
	write_tool(f, "fakeroot", "");
	open_store(f, AGENT);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	oci_store_free(f->store);
	loop_free(f->loop);
	test_dir_remove(f->dir);
	free(f->cache);
	free(f->tools);
	free(f->scratch);
	free(f);
	return 0;
}

static void remove_tool(struct fixture *f, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", f->tools, name);

	assert_int_equal(unlink(path), 0);
}

static size_t count(const struct fixture *f, const char *below)
{
	auto_free char *path = xasprintf("%s/%s", f->dir, below);

	return test_dir_count(path);
}

static int resolve(struct fixture *f, const char *ref, struct image *out,
		   struct err *err)
{
	return image_store_resolve(f->store, ref, &f->progress, out, err);
}

/* Nothing but what was published, and the lock. */
static void check_tidy(const struct fixture *f, size_t layers)
{
	assert_int_equal(count(f, "scratch"), 0);
	assert_int_equal(count(f, "cache/images"), 4);
	assert_int_equal(count(f, "cache/images/layers"), layers);
}

static void test_image_is_built_with_what_it_builds_on(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	auto_free char *text = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "agent", &image, &err), &err);
	assert_string_equal(image.ref, "agent");
	assert_int_equal(image.layer_count, 3);
	assert_int_equal(image.env.n, 2);
	assert_string_equal(image.env.v[0], "PATH=/bin");
	assert_string_equal(image.env.v[1], "LANG=C.UTF-8");
	assert_int_equal(image.cmd.n, 1);
	assert_string_equal(image.cmd.v[0], "agent");
	assert_non_null(strstr(f->started, "|Updating package lists|"));
	text = image_text(image.layers[0].path);
	assert_non_null(strstr(text, " /bin/sh=shell\n"));
	free(text);
	text = image_text(image.layers[1].path);
	assert_non_null(strstr(text, "d 0755 1000:1000 2 0 /home/sandbox\n"));
	free(text);
	text = image_text(image.layers[2].path);
	assert_non_null(strstr(text, "f 0644 0:0 1 0 /bin/agent=hi\n"));
	check_tidy(f, 3);
}

static void test_tool_is_asked_for_what_the_recipe_says(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = xasprintf("%s/args", f->dir);
	auto_buf struct buf args = BUF_INIT(4096);
	auto_image struct image image = IMAGE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "base", &image, &err), &err);
	CHECK_OK(fs_read_file(path, &args, &err), &err);
	assert_non_null(strstr(args.data, " --include=git "));
	assert_non_null(strstr(args.data, "--shell /bin/bash sandbox "));
	assert_non_null(strstr(args.data, " bookworm -\n"));
}

static void test_cached_image_needs_no_tools(void **state)
{
	struct fixture *f = *state;
	auto_image struct image first = IMAGE_INIT;
	auto_image struct image second = IMAGE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "agent", &first, &err), &err);
	remove_tool(f, "mmdebstrap");
	open_store(f, AGENT);
	CHECK_OK(resolve(f, "agent", &second, &err), &err);
	assert_string_equal(first.id, second.id);
	assert_string_equal(first.layers[2].path, second.layers[2].path);
	assert_string_equal(f->started, "");
}

static void test_changed_recipe_is_built_again(void **state)
{
	struct fixture *f = *state;
	auto_image struct image first = IMAGE_INIT;
	auto_image struct image second = IMAGE_INIT;
	auto_oci_store_list struct oci_store_list list = OCI_STORE_LIST_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "agent", &first, &err), &err);
	/* Its base did not change: no Debian is needed. */
	remove_tool(f, "mmdebstrap");
	open_store(f, AGENT "user: me\n");
	CHECK_OK(resolve(f, "agent", &second, &err), &err);
	assert_string_not_equal(first.id, second.id);
	assert_string_equal(second.user, "me");
	CHECK_OK(oci_store_list(f->store, &list, &err), &err);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].ref, "agent");
	assert_string_equal(list.v[0].id, second.id);
	assert_int_equal(list.v[0].layer_count, 3);
	assert_true(list.v[0].size >= 3 * 4096);
	assert_string_equal(list.v[1].ref, "base");
}

static void test_lost_layer_is_made_again(void **state)
{
	struct fixture *f = *state;
	auto_image struct image first = IMAGE_INIT;
	auto_image struct image second = IMAGE_INIT;
	auto_oci_store_list struct oci_store_list list = OCI_STORE_LIST_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "base", &first, &err), &err);
	assert_int_equal(unlink(first.layers[0].path), 0);
	CHECK_OK(oci_store_list(f->store, &list, &err), &err);
	assert_int_equal(list.n, 0);
	CHECK_OK(resolve(f, "base", &second, &err), &err);
	assert_int_equal(access(second.layers[0].path, R_OK), 0);
}

static void test_build_on_request_ignores_what_is_there(void **state)
{
	struct fixture *f = *state;
	auto_image struct image first = IMAGE_INIT;
	auto_image struct image second = IMAGE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(resolve(f, "base", &first, &err), &err);
	f->started[0] = '\0';
	CHECK_OK(oci_store_build(f->store, "base", &f->progress, &second, &err),
		 &err);
	assert_non_null(strstr(f->started, "Building image base|"));
	CHECK_FAILS(
		oci_store_build(f->store, "other", &f->progress, &second, &err),
		&err, ERR_NOT_FOUND, "no recipe for an image 'other'");
}

static void test_failed_tool_leaves_nothing_and_says_why(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	write_tool(f, "mmdebstrap", FAKE_FAILURE);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_SYSTEM,
		    "build image 'base': 'mmdebstrap' failed (exit code 25): "
		    "E: no such suite");
	check_tidy(f, 0);
	assert_int_equal(count(f, "cache/images/refs"), 0);
}

static void test_missing_tool_comes_with_a_remedy(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	remove_tool(f, "mmdebstrap");
	CHECK_FAILS(resolve(f, "base", &image, &err), &err, ERR_NOT_FOUND,
		    "mmdebstrap is not installed: "
		    "apt install mmdebstrap uidmap");
	check_tidy(f, 0);
}

static void test_remains_of_killed_builds_are_removed(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	auto_free char *layers = xasprintf("%s/images/layers", f->cache);
	auto_free char *layer = xasprintf("%s/tmp-layer-dead", layers);
	auto_free char *npm = xasprintf("%s/images/tmp-npm-dead", f->cache);
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_all(layers, 0700, &err), &err);
	CHECK_OK(fs_mkdir_all(npm, 0700, &err), &err);
	CHECK_OK(fs_replace_file(layer, "x", 1, 0600, &err), &err);
	CHECK_OK(resolve(f, "base", &image, &err), &err);
	check_tidy(f, 2);
}

static void test_unknown_names_are_not_found(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	CHECK_FAILS(resolve(f, "other", &image, &err), &err, ERR_NOT_FOUND,
		    "image 'other' is not in the local store; 'bbox image "
		    "list' shows what is, and these can be built: base, "
		    "agent");
	CHECK_FAILS(resolve(f, "", &image, &err), &err, ERR_INVALID,
		    "must have");
	CHECK_FAILS(resolve(f, "a\tb", &image, &err), &err, ERR_INVALID,
		    "character");
	CHECK_FAILS(resolve(f, "base#0123", &image, &err), &err, ERR_INVALID,
		    "character");
}

static void test_list_of_no_store_is_empty(void **state)
{
	struct fixture *f = *state;
	auto_oci_store_list struct oci_store_list list = OCI_STORE_LIST_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(oci_store_list(f->store, &list, &err), &err);
	assert_int_equal(list.n, 0);
}

/* An agent from an npm package; the caller frees. */
static char *npm_agent(const char *integrity, size_t size, const char *from)
{
	return xasprintf("name: agent\n"
			 "from: base\n"
			 "npm:\n"
			 "  - arch: %s\n"
			 "    package: '@scope/agent'\n"
			 "    version: 1.0.0\n"
			 "    integrity: sha512-%s\n"
			 "    size: %zu\n"
			 "    files: [{from: %s, to: /bin/agent, "
			 "mode: 0755}]\n",
			 image_config_arch(), integrity, size, from);
}

/* Writes the package; returns its hash, the caller frees. */
static char *write_package(struct fixture *f, size_t *size)
{
	auto_free char *path = xasprintf("%s/pkg.tgz", f->dir);
	auto_buf struct buf tar = BUF_INIT((size_t)64 * 1024);
	auto_hash struct hash *h = hash_new(HASH_SHA512);
	struct err err = ERR_INIT;

	tar_add(&tar, &(struct tar_member){ .type = '0',
					    .name = "package/install.js",
					    .text = "evil" });
	tar_add(&tar, &(struct tar_member){ .type = '0',
					    .name = "package/agent",
					    .text = "program",
					    .mode = 0600 });
	tar_add(&tar, &(struct tar_member){ .type = '2',
					    .name = "package/link",
					    .link = "/etc/passwd" });
	tar_end(&tar);
	CHECK_OK(fs_replace_file(path, tar.data, tar.len, 0600, &err), &err);
	hash_add(h, tar.data, tar.len);
	*size = tar.len;
	return hash_base64(h);
}

static void test_files_are_picked_from_a_package(void **state)
{
	struct fixture *f = *state;
	size_t size = 0;
	auto_free char *hash = write_package(f, &size);
	auto_free char *yaml = npm_agent(hash, size, "package/agent");
	auto_free char *text = NULL;
	auto_image struct image image = IMAGE_INIT;
	struct err err = ERR_INIT;

	write_tool(f, "npm", FAKE_NPM);
	open_store(f, yaml);
	CHECK_OK(resolve(f, "agent", &image, &err), &err);
	text = image_text(image.layers[2].path);
	assert_string_equal(text, "d 0755 0:0 3 0 /\n"
				  "d 0755 0:0 2 0 /bin\n"
				  "f 0755 0:0 1 0 /bin/agent=program\n");
	check_tidy(f, 3);
}

static void test_wrong_packages_are_refused(void **state)
{
	struct fixture *f = *state;
	size_t size = 0;
	auto_free char *hash = write_package(f, &size);
	auto_free char *other = xstrdup(hash);
	auto_free char *wrong_hash = NULL;
	auto_free char *wrong_size = npm_agent(hash, size + 1, "package/agent");
	auto_free char *no_file = npm_agent(hash, size, "package/none");
	auto_free char *link = npm_agent(hash, size, "package/link");
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	other[0] = other[0] == 'A' ? 'B' : 'A';
	wrong_hash = npm_agent(other, size, "package/agent");
	open_store(f, no_file);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_NOT_FOUND,
		    "npm is not installed: apt install npm");
	write_tool(f, "npm", FAKE_NPM);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_NOT_FOUND,
		    "lacks 1 of the 1 files");
	open_store(f, link);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INVALID,
		    "not a regular file");
	open_store(f, wrong_size);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INTEGRITY,
		    "bytes, expected");
	open_store(f, wrong_hash);
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INTEGRITY,
		    "not the package that the recipe names");
	write_tool(f, "npm", "#!/bin/sh\necho npm ERR! 404 >&2; exit 1\n");
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_SYSTEM,
		    "'npm' failed (exit code 1): npm ERR! 404");
	/* Of them all only the base is there. */
	check_tidy(f, 2);
}

static void test_broken_recipes_are_named(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	open_store(f, "name: agent\nfrom: nowhere\n");
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INVALID,
		    "builds on 'nowhere', which has no recipe");
	open_store(f, "name: agent\nfrom: agent\n");
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INVALID,
		    "is too deep");
	open_store(f, "name: other\nfrom: base\n");
	CHECK_FAILS(resolve(f, "agent", &image, &err), &err, ERR_INVALID,
		    "its recipe is called 'other'");
}

#define STORE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_image_is_built_with_what_it_builds_on),
		STORE_TEST(test_tool_is_asked_for_what_the_recipe_says),
		STORE_TEST(test_cached_image_needs_no_tools),
		STORE_TEST(test_changed_recipe_is_built_again),
		STORE_TEST(test_lost_layer_is_made_again),
		STORE_TEST(test_build_on_request_ignores_what_is_there),
		STORE_TEST(test_failed_tool_leaves_nothing_and_says_why),
		STORE_TEST(test_missing_tool_comes_with_a_remedy),
		STORE_TEST(test_remains_of_killed_builds_are_removed),
		STORE_TEST(test_unknown_names_are_not_found),
		STORE_TEST(test_list_of_no_store_is_empty),
		STORE_TEST(test_files_are_picked_from_a_package),
		STORE_TEST(test_wrong_packages_are_refused),
		STORE_TEST(test_broken_recipes_are_named),
	};

	return RUN_TESTS(tests);
}
