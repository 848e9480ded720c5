// SPDX-License-Identifier: Apache-2.0
/*
 * index.c - the files of the store.
 *
 * Theory of operation
 *
 * Files appear in the order layers, configuration, reference, each at once and
 * complete: whoever finds a reference finds the rest. The store may lose
 * files all the same (a user cleans his cache); an image of which anything is
 * missing is treated as not there.
 */
#include "infra/oci/index.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/oci/image_config.h"
#include "infra/oci/layer.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

#define REF_SIZE_MAX (INDEX_KEY_MAX + IMAGE_DIGEST_SIZE + 2) /* bytes */

void index_dirs_init(struct index_dirs *d, const char *cache_dir)
{
	d->root = xasprintf("%s/images", cache_dir);
	d->layers = xasprintf("%s/layers", d->root);
	d->configs = xasprintf("%s/configs", d->root);
	d->refs = xasprintf("%s/refs", d->root);
	d->lock = xasprintf("%s/lock", d->root);
}

void index_dirs_release(struct index_dirs *d)
{
	free(d->root);
	free(d->layers);
	free(d->configs);
	free(d->refs);
	free(d->lock);
	*d = (struct index_dirs){ .root = NULL };
}

int index_dirs_create(const struct index_dirs *d, struct err *err)
{
	if (fs_mkdir_all(d->root, 0700, err) < 0 ||
	    fs_mkdir_all(d->layers, 0700, err) < 0 ||
	    fs_mkdir_all(d->configs, 0700, err) < 0)
		return -1;
	return fs_mkdir_all(d->refs, 0700, err);
}

static char *ref_path(const struct index_dirs *d, const char *key)
{
	char hex[SHA256_HEX_SIZE];

	hash_sha256(key, strlen(key), hex);
	return xasprintf("%s/%s", d->refs, hex);
}

/* Only for digests that were checked: they become part of a path. */
static char *config_path(const struct index_dirs *d, const char *id)
{
	assert(image_digest_is_valid(id));
	return xasprintf("%s/sha256-%s.json", d->configs,
			 id + strlen("sha256:"));
}

/* Splits "key TAB digest NEWLINE"; the caller frees the key. */
static int read_ref(const char *path, char **key, char id[IMAGE_DIGEST_SIZE],
		    struct err *err)
{
	auto_buf struct buf text = BUF_INIT(REF_SIZE_MAX);
	char *tab;
	size_t len;

	if (fs_read_file(path, &text, err) < 0)
		return -1;
	if (text.len && text.data[text.len - 1] == '\n')
		text.data[text.len - 1] = '\0';
	tab = strchr(text.data, '\t');
	if (!tab || tab == text.data || !image_digest_is_valid(tab + 1))
		return err_set(err, ERR_INVALID, "'%s' is damaged", path);
	len = strlen(tab + 1);
	memcpy(id, tab + 1, len + 1);
	*key = xmemdup0(text.data, (size_t)(tab - text.data));
	return 0;
}

static int find_layers(const struct index_dirs *d, struct image *image,
		       struct err *err)
{
	for (size_t i = 0; i < image->layer_count; i++) {
		struct image_layer *layer = &image->layers[i];
		struct stat st;

		layer->path = layer_file_path(d->layers, layer->diff_id);
		if (stat(layer->path, &st) < 0)
			return err_sys(err, errno, "find layer '%s'",
				       layer->path);
		if (!S_ISREG(st.st_mode))
			return err_set(err, ERR_INVALID,
				       "layer '%s' is not a file", layer->path);
	}
	return 0;
}

static int load(const struct index_dirs *d, const char *key, struct image *out,
		struct err *err)
{
	auto_buf struct buf json = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	auto_free char *ref = ref_path(d, key);
	auto_free char *found = NULL;
	auto_free char *config = NULL;

	if (read_ref(ref, &found, out->id, err) < 0)
		return -1;
	if (strcmp(found, key) != 0)
		return err_set(err, ERR_INVALID, "'%s' is damaged", ref);
	config = config_path(d, out->id);
	if (fs_read_file(config, &json, err) < 0 ||
	    image_config_parse(buf_span(&json), out, err) < 0)
		return -1;
	return find_layers(d, out, err);
}

int index_load(const struct index_dirs *d, const char *key, struct image *out,
	       struct err *err)
{
	auto_image struct image image = IMAGE_INIT;

	if (load(d, key, &image, err) < 0)
		return -1;
	*out = image;
	image = IMAGE_INIT;
	return 0;
}

/* Drops the images of older versions of a recipe; their layers stay. */
static int drop_others(const struct index_dirs *d, const char *key,
		       struct err *err)
{
	auto_index_iter struct index_iter it = INDEX_ITER_INIT(d);
	const char *hash = strchr(key, '#');
	int r;

	if (!hash)
		return 0;
	while ((r = index_next(&it, err)) > 0) {
		auto_free char *path = ref_path(d, it.key);

		if (strncmp(it.key, key, (size_t)(hash - key) + 1) != 0 ||
		    !strcmp(it.key, key))
			continue;
		if (unlink(path) < 0 && errno != ENOENT)
			return err_sys(err, errno, "remove '%s'", path);
	}
	return r;
}

int index_store(const struct index_dirs *d, const char *key,
		struct image *image, struct err *err)
{
	auto_buf struct buf json = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	auto_buf struct buf line = BUF_INIT(REF_SIZE_MAX);
	auto_free char *ref = ref_path(d, key);
	auto_free char *config = NULL;
	char hex[SHA256_HEX_SIZE];

	if (image_config_write(image, &json, err) < 0)
		return -1;
	hash_sha256(json.data, json.len, hex);
	/* Fits by the definition of the size. */
	snprintf(image->id, sizeof(image->id), "sha256:%s", hex);
	config = config_path(d, image->id);
	if (fs_replace_file(config, json.data, json.len, 0600, err) < 0 ||
	    buf_addf(&line, err, "%s\t%s\n", key, image->id) < 0 ||
	    fs_replace_file(ref, line.data, line.len, 0600, err) < 0)
		return err_wrap(err, "store image");
	return drop_others(d, key, err);
}

int index_next(struct index_iter *it, struct err *err)
{
	struct dirent *entry;

	if (!it->dir) {
		it->dir = opendir(it->dirs->refs);
		if (!it->dir && errno == ENOENT)
			return 0;
		if (!it->dir)
			return err_sys(err, errno, "list '%s'", it->dirs->refs);
	}
	while ((entry = readdir(it->dir))) {
		auto_free char *path =
			xasprintf("%s/%s", it->dirs->refs, entry->d_name);
		char id[IMAGE_DIGEST_SIZE];
		char *key;

		/* What is damaged cannot be used and is no reason to stop. */
		if (strlen(entry->d_name) != SHA256_HEX_LEN ||
		    read_ref(path, &key, id, ERR_IGNORE) < 0)
			continue;
		free(it->key);
		it->key = key;
		return 1;
	}
	return 0;
}

void index_iter_release(struct index_iter *it)
{
	if (it->dir)
		closedir(it->dir);
	free(it->key);
	it->dir = NULL;
	it->key = NULL;
}
