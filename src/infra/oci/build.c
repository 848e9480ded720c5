// SPDX-License-Identifier: Apache-2.0
/*
 * build.c - make the layers that a recipe asks for.
 *
 * A recipe gives at most two: one of Debian packages, and one of the files it
 * lists itself, picked from npm packages or given in the recipe.
 */
#include "infra/oci/build.h"

#include <dirent.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/oci/debian.h"
#include "infra/oci/image_config.h"
#include "infra/oci/npm.h"
#include "infra/oci/synth.h"
#include "infra/sys/fs.h"

#define MIB (1024 * 1024)

static void on_seen(struct tar_watch *base, uint64_t bytes)
{
	struct build_watch *w = container_of(base, struct build_watch, base);

	if (bytes / MIB == w->last_mib)
		return;
	w->last_mib = bytes / MIB;
	progress_advance(w->progress, w->last_mib, w->total_mib, "MiB");
}

void build_watch_init(struct build_watch *w, struct progress *progress,
		      uint64_t total_bytes)
{
	*w = (struct build_watch){
		.base = { .seen = on_seen },
		.progress = progress,
		.total_mib = total_bytes / MIB,
	};
}

static int append_layer(struct image *image, const char *layers_dir,
			const char *diff_id, struct err *err)
{
	struct image_layer *layer;

	if (image->layer_count == IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "image exceeds %d layers",
			       IMAGE_LAYERS_MAX);
	layer = &image->layers[image->layer_count++];
	memcpy(layer->diff_id, diff_id, sizeof(layer->diff_id));
	layer->path = layer_file_path(layers_dir, diff_id);
	return 0;
}

static int add_file(const struct recipe_file *f, struct synth *s,
		    struct err *err)
{
	struct layer_entry entry = {
		.kind = LAYER_DIR,
		.path = f->path + 1,
		.meta = { .uid = (uint32_t)f->owner,
			  .gid = (uint32_t)f->owner,
			  .mode = (uint16_t)f->mode },
	};

	if (f->link) {
		entry.kind = LAYER_SYMLINK;
		entry.target = f->link;
		entry.meta.mode = 0777;
	}
	if (!f->text)
		return synth_add(s, &entry, err);
	entry.kind = LAYER_FILE;
	entry.size = strlen(f->text);
	if (synth_add(s, &entry, err) < 0 ||
	    synth_write(s, f->text, strlen(f->text), err) < 0)
		return -1;
	return synth_end_file(s, err);
}

/* The npm packages for this machine; one for another gives nothing. */
static int add_npm(const struct build *b, const struct recipe *r,
		   struct synth *s, struct err *err)
{
	size_t added = 0;

	for (size_t i = 0; i < r->npm_count; i++) {
		if (strcmp(r->npm[i].arch, image_config_arch()) != 0)
			continue;
		if (npm_add(b, &r->npm[i], s, err) < 0)
			return -1;
		added++;
	}
	if (r->npm_count && !added)
		return err_set(err, ERR_UNSUPPORTED,
			       "image '%s' has no package for %s", r->name,
			       image_config_arch());
	return 0;
}

static int build_files(const struct build *b, const struct recipe *r,
		       char diff_id[IMAGE_DIGEST_SIZE], struct err *err)
{
	auto_layer struct layer *l = NULL;
	auto_synth struct synth *s = NULL;

	if (layer_begin(b->layers_dir, &layer_limits_default, b->log, &l, err) <
		    0 ||
	    synth_new(l, &s, err) < 0)
		return -1;
	for (size_t i = 0; i < r->file_count; i++) {
		if (add_file(&r->files[i], s, err) < 0)
			return -1;
	}
	if (add_npm(b, r, s, err) < 0 || synth_finish(s, err) < 0)
		return -1;
	return layer_publish(l, /* want_diff_id */ NULL, diff_id, err);
}

int build_layers(const struct build *b, const struct recipe *r,
		 struct image *image, struct err *err)
{
	char diff_id[IMAGE_DIGEST_SIZE];

	if (r->suite) {
		if (debian_build(b, r, diff_id, err) < 0 ||
		    append_layer(image, b->layers_dir, diff_id, err) < 0)
			return -1;
	}
	if (r->npm_count || r->file_count) {
		if (build_files(b, r, diff_id, err) < 0 ||
		    append_layer(image, b->layers_dir, diff_id, err) < 0)
			return -1;
	}
	return 0;
}

static void remove_temporary(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		/* What stays is tried again by the next build. */
		if (text_starts_with(entry->d_name, BUILD_TEMP_PREFIX))
			discard(fs_remove_tree_at(dirfd(dir), entry->d_name,
						  ERR_IGNORE));
	}
	closedir(dir);
}

void build_clean(const struct build *b)
{
	remove_temporary(b->images_dir);
	remove_temporary(b->layers_dir);
	debian_clean(b);
}
