// SPDX-License-Identifier: Apache-2.0
/*
 * store.c - the local image store.
 *
 * Theory of operation
 *
 * resolve() first looks the name up: no lock, no network, no hashing. Only
 * when that fails and there is a recipe of the name, it takes the lock of the
 * store, looks again (another bbox may have built it meanwhile), resolves
 * what the recipe builds on, and builds. What other builds left behind when
 * they were killed is removed then, under the lock: nobody else is building.
 */
#include "infra/oci/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/strv.h"
#include "base/text.h"
#include "infra/oci/build.h"
#include "infra/oci/index.h"
#include "infra/oci/recipe.h"
#include "infra/oci/tool.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

/* Changes when the same recipe is to give another image. */
#define BUILDER_VERSION "bbox image builder 1"

#define CHAIN_MAX	 4 /* recipes that build on each other */
#define LOCK_POLL_MS	 500
#define SCRATCH_DEFAULT	 "/var/tmp"
#define SCRATCH_HASH_LEN 12 /* hex digits that tell stores apart */

struct oci_store {
	struct image_store base;
	struct oci_store_config config;
	struct index_dirs dirs;
	struct strv tool_env;
	char *scratch_prefix; /* owned */
};

static struct oci_store *to_store(struct image_store *base)
{
	return container_of(base, struct oci_store, base);
}

static const struct oci_recipe *find_recipe(const struct oci_store *s,
					    const char *name)
{
	for (size_t i = 0; i < s->config.recipe_count; i++) {
		if (!strcmp(s->config.recipes[i].name, name))
			return &s->config.recipes[i];
	}
	return NULL;
}

static int parse_recipe(const struct oci_recipe *source, struct recipe *out,
			struct err *err)
{
	if (recipe_parse(source->yaml, out, err) < 0)
		return err_wrap(err, "image '%s'", source->name);
	if (strcmp(out->name, source->name) != 0)
		return err_set(err, ERR_INVALID,
			       "image '%s': its recipe is called '%s'",
			       source->name, out->name);
	return 0;
}

/* "name#hash" over the recipe and all that it builds on. */
static int recipe_key(const struct oci_store *s, const char *name, char **out,
		      struct err *err)
{
	auto_hash struct hash *h = hash_new(HASH_SHA256);
	auto_free char *next = xstrdup(name);
	auto_free char *hex = NULL;

	hash_add(h, BUILDER_VERSION, sizeof(BUILDER_VERSION));
	for (size_t depth = 0; next; depth++) {
		auto_recipe struct recipe r = RECIPE_INIT;
		const struct oci_recipe *source = find_recipe(s, next);

		if (!source || depth == CHAIN_MAX)
			return err_set(
				err, ERR_INVALID,
				"image '%s' builds on '%s', which %s", name,
				next, source ? "is too deep" : "has no recipe");
		if (parse_recipe(source, &r, err) < 0)
			return -1;
		hash_add(h, source->yaml.p, source->yaml.len);
		free(next);
		next = take_ptr(r.from);
	}
	hex = hash_hex(h);
	*out = xasprintf("%s#%s", name, hex);
	return 0;
}

/* One of many: what is new replaces what is there. */
static void merge_env(struct strv *env, const struct strv *more)
{
	struct strv merged = STRV_INIT;

	for (size_t i = 0; i < env->n; i++) {
		size_t name_len = strcspn(env->v[i], "=") + 1;
		bool replaced = false;

		for (size_t j = 0; j < more->n; j++)
			replaced |= !strncmp(env->v[i], more->v[j], name_len);
		if (!replaced)
			strv_add(&merged, env->v[i]);
	}
	strv_add_all(&merged, more);
	strv_release(env);
	*env = merged;
}

static void replace_text(char **text, const char *by)
{
	if (!by)
		return;
	free(*text);
	*text = xstrdup(by);
}

static void replace_list(struct strv *list, const struct strv *by)
{
	if (!by->n)
		return;
	strv_release(list);
	*list = STRV_INIT;
	strv_add_all(list, by);
}

static void apply_recipe(const struct recipe *r, struct image *image)
{
	merge_env(&image->env, &r->env);
	replace_list(&image->entrypoint, &r->entrypoint);
	replace_list(&image->cmd, &r->cmd);
	replace_text(&image->user, r->user);
	replace_text(&image->working_dir, r->working_dir);
}

static int build_locked(struct oci_store *s, const char *name,
			struct progress *progress, struct image *out,
			struct err *err);

/* The lock is held. Uses what is there; builds it when it is not. */
static int resolve_locked(struct oci_store *s, const char *name,
			  struct progress *progress, struct image *out,
			  struct err *err)
{
	auto_free char *key = NULL;

	if (recipe_key(s, name, &key, err) < 0)
		return -1;
	/* Damaged counts as missing: a new one is what helps. */
	if (index_load(&s->dirs, key, out, ERR_IGNORE) == 0)
		return 0;
	return build_locked(s, name, progress, out, err);
}

/* The lock is held. Recursion ends with the chain that recipe_key() checks. */
static int build_locked(struct oci_store *s, const char *name,
			struct progress *progress, struct image *out,
			struct err *err)
{
	const struct build b = {
		.images_dir = s->dirs.root,
		.layers_dir = s->dirs.layers,
		.scratch_dir = s->config.scratch_dir,
		.scratch_prefix = s->scratch_prefix,
		.path_var = s->config.path_var,
		.tool_env = strv_list(&s->tool_env),
		.loop = s->config.loop,
		.log = s->config.log,
		.progress = progress,
	};
	auto_recipe struct recipe r = RECIPE_INIT;
	auto_image struct image image = IMAGE_INIT;
	auto_free char *key = NULL;

	build_clean(&b);
	if (recipe_key(s, name, &key, err) < 0 ||
	    parse_recipe(find_recipe(s, name), &r, err) < 0)
		return -1;
	if (r.from && resolve_locked(s, r.from, progress, &image, err) < 0)
		return -1;
	log_info(s->config.log, "image: building '%s'", name);
	progress_start(progress, "Building image %s", name);
	apply_recipe(&r, &image);
	if (build_layers(&b, &r, &image, err) < 0 ||
	    index_store(&s->dirs, key, &image, err) < 0)
		return err_wrap(err, "build image '%s'", name);
	progress_done(progress, "Image %s built", name);
	*out = image;
	image = IMAGE_INIT;
	return 0;
}

/* Waits for another build as long as it takes, or until the user has enough. */
static int take_lock(struct oci_store *s, struct progress *progress,
		     struct err *err)
{
	bool said = false;

	for (;;) {
		struct err e = ERR_INIT;
		int fd = fs_lock(s->dirs.lock, 0, &e);

		if (fd >= 0)
			return fd;
		if (e.kind != ERR_TIMEOUT) {
			*err = e;
			return -1;
		}
		if (!said)
			progress_start(progress,
				       "Waiting for another image build");
		said = true;
		/* Time passing is what we wait for here. */
		if (loop_run(s->config.loop, /* done */ NULL,
			     clock_now_ns() + LOCK_POLL_MS * INT64_C(1000000),
			     &e) < 0 &&
		    e.kind != ERR_TIMEOUT) {
			*err = e;
			return -1;
		}
	}
}

typedef int build_fn(struct oci_store *s, const char *name,
		     struct progress *progress, struct image *out,
		     struct err *err);

static int with_lock(struct oci_store *s, build_fn *fn, const char *name,
		     struct progress *progress, struct image *out,
		     struct err *err)
{
	auto_image struct image image = IMAGE_INIT;
	auto_close int lock = -1;

	if (index_dirs_create(&s->dirs, err) < 0)
		return -1;
	lock = take_lock(s, progress, err);
	if (lock < 0 || fn(s, name, progress, &image, err) < 0)
		return -1;
	image.ref = xstrdup(name);
	*out = image;
	image = IMAGE_INIT;
	return 0;
}

static int check_ref(const char *ref, struct err *err)
{
	size_t len = strlen(ref);

	if (!len || len >= INDEX_KEY_MAX)
		return err_set(err, ERR_INVALID,
			       "image reference must have 1 to %zu characters",
			       INDEX_KEY_MAX - 1);
	for (size_t i = 0; i < len; i++) {
		/* '#' makes keys of recipes, a blank or tab would split. */
		if (ref[i] <= ' ' || ref[i] > '~' || ref[i] == '#')
			return err_set(err, ERR_INVALID,
				       "image reference '%.128s' has a "
				       "character that cannot be in one",
				       ref);
	}
	return 0;
}

static int not_found(const struct oci_store *s, const char *ref,
		     struct err *err)
{
	auto_buf struct buf names = BUF_INIT(512);

	for (size_t i = 0; i < s->config.recipe_count; i++)
		/* A list that is too long is cut. */
		discard(buf_addf(&names, ERR_IGNORE, "%s%s", i ? ", " : "",
				 s->config.recipes[i].name));
	return err_set(err, ERR_NOT_FOUND,
		       "image '%s' is not in the local store; 'bbox image "
		       "list' shows what is, and these can be built: %s",
		       ref, names.data);
}

static int store_resolve(struct image_store *base, const char *ref,
			 struct progress *progress, struct image *out,
			 struct err *err)
{
	struct oci_store *s = to_store(base);
	const bool has_recipe = find_recipe(s, ref);
	auto_free char *key = NULL;
	struct err e = ERR_INIT;

	if (check_ref(ref, err) < 0)
		return -1;
	if (!has_recipe)
		key = xstrdup(ref);
	else if (recipe_key(s, ref, &key, err) < 0)
		return -1;
	if (index_load(&s->dirs, key, out, &e) == 0) {
		out->ref = xstrdup(ref);
		return 0;
	}
	if (has_recipe)
		return with_lock(s, resolve_locked, ref, progress, out, err);
	if (e.kind == ERR_NOT_FOUND)
		return not_found(s, ref, err);
	*err = e;
	return err_wrap(err, "image '%s'", ref);
}

static const struct image_store_ops store_ops = { .resolve = store_resolve };

struct image_store *oci_store_new(const struct oci_store_config *c)
{
	struct oci_store *s = xcalloc(1, sizeof(*s));
	char hex[SHA256_HEX_SIZE];

	s->base.ops = &store_ops;
	s->config = *c;
	if (!s->config.scratch_dir)
		s->config.scratch_dir = SCRATCH_DEFAULT;
	index_dirs_init(&s->dirs, c->cache_dir);
	tool_environment(c->envp, &s->tool_env);
	hash_sha256(s->dirs.root, strlen(s->dirs.root), hex);
	s->scratch_prefix =
		xasprintf("bbox-image-%.*s-", SCRATCH_HASH_LEN, hex);
	return &s->base;
}

void oci_store_free(struct image_store *store)
{
	struct oci_store *s;

	if (!store)
		return;
	s = to_store(store);
	index_dirs_release(&s->dirs);
	strv_release(&s->tool_env);
	free(s->scratch_prefix);
	free(s);
}

int oci_store_build(struct image_store *store, const char *name,
		    struct progress *progress, struct image *out,
		    struct err *err)
{
	struct oci_store *s = to_store(store);

	if (!find_recipe(s, name))
		return err_set(err, ERR_NOT_FOUND,
			       "there is no recipe for an image '%.128s'",
			       name);
	return with_lock(s, build_locked, name, progress, out, err);
}

static void add_entry(const struct oci_store *s, const char *key,
		      struct oci_store_list *list)
{
	auto_image struct image image = IMAGE_INIT;
	struct oci_store_entry entry = { .layer_count = 0 };

	/* An image that is not complete is not there. */
	if (index_load(&s->dirs, key, &image, ERR_IGNORE) < 0)
		return;
	for (size_t i = 0; i < image.layer_count; i++) {
		struct stat st;

		/* These files have no holes: their size is what they use. */
		if (stat(image.layers[i].path, &st) == 0)
			entry.size += (uint64_t)st.st_size;
	}
	entry.ref = xmemdup0(key, strcspn(key, "#"));
	entry.layer_count = image.layer_count;
	memcpy(entry.id, image.id, sizeof(entry.id));
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = entry;
}

static int compare_entries(const void *a, const void *b)
{
	const struct oci_store_entry *x = a;
	const struct oci_store_entry *y = b;

	return strcmp(x->ref, y->ref);
}

int oci_store_list(struct image_store *store, struct oci_store_list *out,
		   struct err *err)
{
	struct oci_store *s = to_store(store);
	auto_oci_store_list struct oci_store_list list = OCI_STORE_LIST_INIT;
	auto_index_iter struct index_iter it = INDEX_ITER_INIT(&s->dirs);
	int r;

	while ((r = index_next(&it, err)) > 0)
		add_entry(s, it.key, &list);
	if (r < 0)
		return -1;
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), compare_entries);
	*out = list;
	list = OCI_STORE_LIST_INIT;
	return 0;
}

void oci_store_list_release(struct oci_store_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].ref);
	free(list->v);
	*list = OCI_STORE_LIST_INIT;
}
