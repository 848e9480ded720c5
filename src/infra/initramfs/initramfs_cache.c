// SPDX-License-Identifier: Apache-2.0
/*
 * initramfs_cache.c - write the shared part of the initramfs, once.
 *
 * The archive is uncompressed: it is read from the page cache, and unpacking
 * would cost the guest more than reading costs the host. There is no
 * /dev/console in it, which would need a device node; bbox-init opens its own
 * once it has mounted /dev.
 *
 * The name of a file says all that it depends on, files are only ever
 * replaced as a whole, and the directory is ours alone: a file that is there
 * is right.
 */
#include "infra/initramfs/initramfs_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "base/text.h"
#include "domain/kernel/cpio.h"
#include "domain/kernel/modules.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

/* Raised when the same parts are put together differently. */
#define FORMAT	     1
#define KEY_LEN	     16 /* hex digits */
#define SUFFIX	     ".cpio"
#define ARCHIVE_MAX  ((size_t)256 * 1024 * 1024) /* bytes */
#define MODULE_MAX   ((size_t)16 * 1024 * 1024)	 /* bytes */
#define UNUSED_MAX_S (7 * 24 * 3600)
/* How stale a file's "last used" may get: saves a write at most starts. */
#define USED_GRAIN_S (24 * 3600)

struct initramfs_cache {
	struct initramfs_builder base;
	struct initramfs_cache_config config;
};

static const char *const directories[] = {
	"dev", "proc", "sys", GUEST_DIR, GUEST_MODULES_DIR,
};

/* "<kernel version>-<key>.cpio"; the caller frees. */
static char *file_name(const struct initramfs_cache *c,
		       const struct kernel *kernel)
{
	/* A kernel of the same version may be built anew: the place tells. */
	auto_free char *parts = xasprintf(
		"%d\n%s\n%s\n", FORMAT, kernel->modules_dir, c->config.init_id);
	char key[SHA256_HEX_SIZE];

	hash_sha256(parts, strlen(parts), key);
	return xasprintf("%s-%.*s" SUFFIX, kernel->version, KEY_LEN, key);
}

static int open_directory(const char *path, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (fs_mkdir_all(path, 0700, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open '%s'", path);
	/* Whoever can write there chooses what boots. */
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return err_set(err, ERR_PERMISSION,
			       "'%s' is not ours alone; remove it", path);
	return fd_take(&fd);
}

static bool is_cached(int dirfd, const char *name)
{
	static const struct timespec now[2] = { { .tv_nsec = UTIME_NOW },
						{ .tv_nsec = UTIME_NOW } };
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	if (time(NULL) - st.st_mtim.tv_sec > USED_GRAIN_S)
		/* Only keeps it from being removed as unused. */
		discard(utimensat(dirfd, name, now, AT_SYMLINK_NOFOLLOW));
	return true;
}

struct module_reader {
	int dirfd;
	struct buf bytes;
};

static int read_module(void *data, const char *name, struct span *out,
		       struct err *err)
{
	struct module_reader *r = data;
	auto_free char *path = xasprintf("%s.ko", name);
	auto_close int fd =
		fd_open_no_symlinks(r->dirfd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return -1;
	buf_reset(&r->bytes);
	if (fd_read_all(fd, &r->bytes, err) < 0)
		return err_wrap(err, "read module '%s'", name);
	*out = buf_span(&r->bytes);
	return 0;
}

static int add_modules(struct module_reader *r, struct buf *out,
		       struct err *err)
{
	auto_strv struct strv names = STRV_INIT;

	if (modules_order(modules_wanted, read_module, r, &names, err) < 0)
		return -1;
	if (names.n == 0)
		return err_set(err, ERR_NOT_FOUND, "no modules there");
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf(
			"%s/%03zu-%s.ko", GUEST_MODULES_DIR, i, names.v[i]);
		struct cpio_entry entry = { .path = path,
					    .mode = S_IFREG | 0400 };
		struct span file;

		if (read_module(r, names.v[i], &file, err) < 0)
			return -1;
		entry.data = file.p;
		entry.len = file.len;
		if (cpio_add(out, &entry, err) < 0)
			return -1;
	}
	return 0;
}

static int add_all_modules(const char *modules_dir, struct buf *out,
			   struct err *err)
{
	struct module_reader r = { .dirfd = -1, .bytes = BUF_INIT(MODULE_MAX) };
	int code = -1;

	r.dirfd = fd_open_dir(modules_dir, err);
	if (r.dirfd >= 0)
		code = add_modules(&r, out, err);
	buf_release(&r.bytes);
	fd_close(&r.dirfd);
	return code < 0 ? err_wrap(err, "kernel modules in '%s'", modules_dir)
			: 0;
}

static int write_archive(const struct initramfs_cache *c,
			 const struct kernel *kernel, struct buf *out,
			 struct err *err)
{
	const struct cpio_entry init = {
		.path = "init",
		.mode = S_IFREG | 0500,
		.data = c->config.init.p,
		.len = c->config.init.len,
	};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		const struct cpio_entry entry = { .path = directories[i],
						  .mode = S_IFDIR | 0755 };

		if (cpio_add(out, &entry, err) < 0)
			return -1;
	}
	if (cpio_add(out, &init, err) < 0 ||
	    add_all_modules(kernel->modules_dir, out, err) < 0)
		return -1;
	return cpio_end(out, err);
}

/* Removes what no start has used for a week. */
static void remove_unused(int dirfd, const char *keep)
{
	int fd = fd_open_no_symlinks(dirfd, ".", O_RDONLY | O_DIRECTORY, 0,
				     ERR_IGNORE);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	if (!dir) {
		/* Only costs space. */
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, keep) == 0 ||
		    fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) <
			    0 ||
		    S_ISDIR(st.st_mode) ||
		    time(NULL) - st.st_mtim.tv_sec <= UNUSED_MAX_S)
			continue;
		discard(unlinkat(dirfd, entry->d_name, 0));
	}
	closedir(dir);
}

static int build(struct initramfs_builder *b, const struct kernel *kernel,
		 char **out_path, struct err *err)
{
	struct initramfs_cache *c =
		container_of(b, struct initramfs_cache, base);
	auto_free char *dir = xasprintf("%s/initramfs", c->config.cache_dir);
	auto_free char *name = file_name(c, kernel);
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_buf struct buf archive = BUF_INIT(ARCHIVE_MAX);
	auto_close int dirfd = open_directory(dir, err);

	if (dirfd < 0)
		return err_wrap(err, "initramfs");
	if (!is_cached(dirfd, name)) {
		if (write_archive(c, kernel, &archive, err) < 0 ||
		    fs_replace_file(path, archive.data, archive.len, 0600,
				    err) < 0)
			return err_wrap(err, "initramfs");
		remove_unused(dirfd, name);
	}
	*out_path = take_ptr(path);
	return 0;
}

static const struct initramfs_builder_ops initramfs_cache_ops = {
	.build = build,
};

struct initramfs_builder *
initramfs_cache_new(const struct initramfs_cache_config *config)
{
	struct initramfs_cache *c = xcalloc(1, sizeof(*c));

	assert(config->init.len > 0 && config->init_id);
	c->base.ops = &initramfs_cache_ops;
	c->config = *config;
	return &c->base;
}

void initramfs_cache_free(struct initramfs_builder *b)
{
	if (b)
		free(container_of(b, struct initramfs_cache, base));
}
