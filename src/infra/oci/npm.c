// SPDX-License-Identifier: Apache-2.0
/*
 * npm.c - files out of a package of the npm registry.
 *
 * Theory of operation
 *
 * `npm pack` fetches the tarball with the user's own npm configuration
 * (registry, proxy, CA) into a directory that is removed afterwards. Whatever
 * came is hashed from the descriptor that is read later: what was verified is
 * what is used. Then the tarball is read once more and the picked files are
 * copied into the layer as they pass.
 */
#include "infra/oci/npm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/oci/tool.h"
#include "infra/oci/unpack.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

#define POLL_NS	      INT64_C(300000000) /* between looks at the download */
#define MIB	      (1024 * 1024)
#define READ_CHUNK    ((size_t)256 * 1024) /* bytes */
#define STOP_GRACE_MS 1000
#define WALK_FDS      8

#define INTEGRITY_PREFIX "sha512-"

/* nftw(3) has no argument for us; one build at a time, in one thread. */
static uint64_t walk_total;

static int add_size(const char *path unused, const struct stat *st, int type,
		    struct FTW *where unused)
{
	if (type == FTW_F && S_ISREG(st->st_mode))
		walk_total += (uint64_t)st->st_size;
	return 0;
}

/* npm writes to a name of its choice: all that is there is the download. */
static void show_download(const struct build *b, const char *dir,
			  uint64_t total)
{
	walk_total = 0;
	/* Files come and go meanwhile; a wrong figure is corrected soon. */
	(void)nftw(dir, add_size, WALK_FDS, FTW_PHYS);
	if (walk_total > total)
		walk_total = total;
	progress_advance(b->progress, walk_total / MIB, total / MIB, "MiB");
}

static int wait_for_download(const struct build *b, struct tool *t,
			     const char *dir, uint64_t total, struct err *err)
{
	for (;;) {
		struct err e = ERR_INIT;

		if (tool_finish(t, clock_now_ns() + POLL_NS, &e) == 0)
			return 0;
		if (e.kind != ERR_TIMEOUT) {
			*err = e;
			return -1;
		}
		show_download(b, dir, total);
	}
}

static int download(const struct build *b, const struct recipe_npm *npm,
		    const char *dir, struct err *err)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_free char *path = NULL;
	struct tool t = { .on_line = NULL };
	int r;

	if (tool_find("npm", b->path_var, "apt install npm", &path, err) < 0)
		return -1;
	strv_add(&argv, path);
	strv_add(&argv, "pack");
	strv_add(&argv, "--ignore-scripts");
	strv_add(&argv, "--loglevel=error");
	strv_add(&argv, "--no-update-notifier");
	strv_add(&argv, "--no-progress");
	strv_addf(&argv, "--pack-destination=%s", dir);
	/* A cache of its own, so that nothing stays and nothing is reused. */
	strv_addf(&argv, "--cache=%s/cache", dir);
	strv_add(&argv, "--");
	strv_addf(&argv, "%s@%s", npm->package, npm->version);
	r = tool_start(&t, b->loop, "npm", strv_list(&argv), b->tool_env, dir,
		       err);
	if (!r)
		r = wait_for_download(b, &t, dir, npm->size, err);
	tool_stop(&t, STOP_GRACE_MS);
	return r;
}

/* Opens the one tarball in @dir. */
static int open_tarball(const char *dir, struct err *err)
{
	auto_close int dirfd = fd_open_dir(dir, err);
	int fd = -1;
	DIR *d;
	struct dirent *entry;

	if (dirfd < 0)
		return -1;
	d = opendir(dir);
	if (!d)
		return err_sys(err, errno, "list '%s'", dir);
	while (fd < 0 && (entry = readdir(d))) {
		if (text_ends_with(entry->d_name, ".tgz")) {
			fd = fd_open_no_symlinks(dirfd, entry->d_name, O_RDONLY,
						 0, err);
			closedir(d);
			return fd;
		}
	}
	closedir(d);
	return err_set(err, ERR_NOT_FOUND, "npm left no tarball in '%s'", dir);
}

static int check_integrity(const struct build *b, const struct recipe_npm *npm,
			   int fd, struct err *err)
{
	auto_hash struct hash *h = hash_new(HASH_SHA512);
	auto_free char *chunk = xmalloc(READ_CHUNK);
	auto_free char *got = NULL;
	struct source_file file;
	struct stat st;
	size_t len;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "examine download");
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != npm->size)
		return err_set(err, ERR_INTEGRITY,
			       "'%s' %s has %lld bytes, expected %llu",
			       npm->package, npm->version,
			       (long long)st.st_size,
			       (unsigned long long)npm->size);
	source_file_init(&file, fd, b->loop);
	do {
		if (source_read(&file.base, chunk, READ_CHUNK, &len, err) < 0)
			return -1;
		hash_add(h, chunk, len);
	} while (len);
	got = hash_base64(h);
	if (strcmp(got, npm->integrity + strlen(INTEGRITY_PREFIX)) != 0)
		return err_set(err, ERR_INTEGRITY,
			       "'%s' %s is not the package that the recipe "
			       "names: its sha512 is '%s'",
			       npm->package, npm->version, got);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewind download");
	return 0;
}

static int copy_file(struct unpack *u, struct synth *s, uint64_t *done,
		     struct tar_watch *watch, struct err *err)
{
	const void *p = NULL;
	size_t len = 0;
	uint64_t offset = 0;
	int r;

	while ((r = unpack_data(u, &p, &len, &offset, err)) > 0) {
		if (synth_write(s, p, len, err) < 0)
			return -1;
		*done += len;
		watch->seen(watch, *done);
	}
	return r < 0 ? -1 : synth_end_file(s, err);
}

static int add_pick(struct unpack *u, struct archive_entry *ae,
		    const struct recipe_pick *pick, struct synth *s,
		    struct tar_watch *watch, struct err *err)
{
	const struct layer_entry entry = {
		.kind = LAYER_FILE,
		.path = pick->to + 1,
		.size = (uint64_t)archive_entry_size(ae),
		.meta = { .mode = (uint16_t)pick->mode },
	};
	uint64_t done = 0;

	if (archive_entry_filetype(ae) != AE_IFREG ||
	    archive_entry_hardlink(ae))
		return err_set(err, ERR_INVALID, "'%s' is not a regular file",
			       pick->from);
	if (synth_add(s, &entry, err) < 0)
		return -1;
	return copy_file(u, s, &done, watch, err);
}

/* The pick that an entry of the tarball answers; NULL for none. */
static const struct recipe_pick *find_pick(const struct recipe_npm *npm,
					   const char *path)
{
	for (size_t i = 0; path && i < npm->pick_count; i++) {
		if (!strcmp(npm->picks[i].from, path))
			return &npm->picks[i];
	}
	return NULL;
}

static int add_picks(const struct build *b, const struct recipe_npm *npm,
		     int fd, struct synth *s, struct err *err)
{
	auto_unpack struct unpack u = UNPACK_INIT;
	struct build_watch watch;
	struct source_file file;
	struct archive_entry *ae;
	size_t found = 0;
	int r = 0;

	build_watch_init(&watch, b->progress, 0);
	source_file_init(&file, fd, b->loop);
	if (unpack_open(&u, &file.base, UNPACK_TAR, err) < 0)
		return -1;
	while (found < npm->pick_count && (r = unpack_next(&u, &ae, err)) > 0) {
		const struct recipe_pick *pick =
			find_pick(npm, archive_entry_pathname(ae));

		if (!pick)
			continue;
		if (add_pick(&u, ae, pick, s, &watch.base, err) < 0)
			return -1;
		found++;
	}
	if (found == npm->pick_count)
		return 0;
	if (r < 0)
		return -1;
	return err_set(err, ERR_NOT_FOUND,
		       "'%s' %s lacks %zu of the %zu files that the recipe "
		       "names",
		       npm->package, npm->version, npm->pick_count - found,
		       npm->pick_count);
}

static int add_from(const struct build *b, const struct recipe_npm *npm,
		    const char *dir, struct synth *s, struct err *err)
{
	auto_close int fd = -1;

	progress_start(b->progress, "Downloading %s %s", npm->package,
		       npm->version);
	if (download(b, npm, dir, err) < 0)
		return -1;
	fd = open_tarball(dir, err);
	if (fd < 0)
		return -1;
	progress_start(b->progress, "Verifying %s", npm->package);
	if (check_integrity(b, npm, fd, err) < 0)
		return -1;
	progress_start(b->progress, "Writing image layer");
	return add_picks(b, npm, fd, s, err);
}

int npm_add(const struct build *b, const struct recipe_npm *npm,
	    struct synth *s, struct err *err)
{
	auto_free char *dir = NULL;
	int r;

	if (fs_make_temp_dir(b->images_dir, BUILD_TEMP_PREFIX "npm-", &dir,
			     err) < 0)
		return -1;
	r = add_from(b, npm, dir, s, err);
	/* If it stays, the next build removes it. */
	discard(fs_remove_tree(dir, ERR_IGNORE));
	return r;
}
