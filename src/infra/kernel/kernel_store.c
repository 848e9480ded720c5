// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_store.c - keep kernels in the cache.
 *
 * An entry is made in a temporary directory of the store and renamed into
 * place, so it is there completely or not at all, and looking one up needs
 * no lock. The hash of a whole kernel is computed when the entry is made; a
 * start only compares the file's inode, size and times (see
 * kernel_manifest.h).
 */
#include "infra/kernel/kernel_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "base/text.h"
#include "domain/kernel/modules.h"
#include "infra/kernel/kernel_bzimage.h"
#include "infra/kernel/kernel_elf.h"
#include "infra/kernel/kernel_unpack.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define MODULE_MAX ((size_t)16 * 1024 * 1024) /* bytes */
#define UNPACKED   "unpacked" /* in the temporary directory, as is ... */
#define ENTRY	   "entry"    /* ... what will be published */

int kernel_store_open(const char *path, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (fs_mkdir_all(path, 0700, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(err, ERR_PERMISSION,
			       "'%s' is a symlink or not a directory; remove "
			       "it",
			       path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_PERMISSION,
			       "'%s' belongs to another user; remove it", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(err, ERR_PERMISSION,
			       "'%s' is too open; run: chmod 700 '%s'", path,
			       path);
	return fd_take(&fd);
}

static char *entry_name(const struct kernel_pin *pin)
{
	return xasprintf("%s/linux-%s", pin->version, pin->arch);
}

static int open_dir(int dirfd, const char *path, struct err *err)
{
	return fd_open_no_symlinks(dirfd, path, O_RDONLY | O_DIRECTORY, 0, err);
}

/* The file changed its times: is it what it was? Then note the new ones. */
static bool is_same_content(int entryfd, const struct kernel_manifest *m,
			    const struct kernel_pin *pin)
{
	struct kernel_manifest now;

	if (kernel_manifest_make(entryfd, m->library, m->source, &now,
				 ERR_IGNORE) < 0 ||
	    strcmp(now.library_hash, m->library_hash) != 0)
		return false;
	/* When it cannot be noted the next start hashes again. */
	discard(kernel_manifest_write(entryfd, &now, pin, ERR_IGNORE));
	return true;
}

int kernel_store_find(int rootfd, const char *root, bool may_hash,
		      const struct kernel_pin *pin, struct kernel *out)
{
	auto_free char *name = entry_name(pin);
	/* Whatever is wrong with an entry, the answer is to make a new one. */
	auto_close int fd = open_dir(rootfd, name, ERR_IGNORE);
	struct kernel_manifest m;

	if (fd < 0 || kernel_manifest_read(fd, pin, &m, ERR_IGNORE) < 0)
		return 0;
	if (!kernel_manifest_is_fresh(fd, &m) &&
	    !(may_hash && is_same_content(fd, &m, pin)))
		return 0;
	*out = (struct kernel){
		.version = xstrdup(pin->release),
		.image_path = xasprintf("%s/%s/%s", root, name, m.library),
		.modules_dir = xasprintf("%s/%s/lib/modules/%s", root, name,
					 pin->release),
	};
	return 1;
}

static int verify(int deb_fd, const struct kernel_pin *pin, struct err *err)
{
	char hash[SHA256_HEX_SIZE];
	struct stat st;

	if (fstat(deb_fd, &st) < 0)
		return err_sys(err, errno, "examine the package");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the package is not a file");
	if ((uint64_t)st.st_size != pin->size)
		return err_set(err, ERR_INTEGRITY,
			       "the package has %lld bytes, expected %llu",
			       (long long)st.st_size,
			       (unsigned long long)pin->size);
	if (lseek(deb_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "read the package");
	if (hash_sha256_fd(deb_fd, hash, err) < 0)
		return err_wrap(err, "read the package");
	if (strcmp(hash, pin->sha256) != 0)
		return err_set(err, ERR_INTEGRITY,
			       "the package has SHA-256 %s, expected %s", hash,
			       pin->sha256);
	if (lseek(deb_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "read the package");
	return 0;
}

static int read_file(int dirfd, const char *path, struct buf *out,
		     struct err *err)
{
	auto_close int fd = fd_open_no_symlinks(dirfd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return -1;
	if (fd_read_all(fd, out, err) < 0)
		return err_wrap(err, "read '%s'", path);
	return 0;
}

static int extract_elf(int tempfd, struct buf *out, struct err *err)
{
	auto_buf struct buf image = BUF_INIT(KERNEL_IMAGE_MAX);
	auto_buf struct buf elf = BUF_INIT(KERNEL_ELF_MAX);

	if (read_file(tempfd, UNPACKED "/" KERNEL_UNPACK_IMAGE, &image, err) <
		    0 ||
	    kernel_bzimage_unpack(buf_span(&image), &elf, err) < 0)
		return -1;
	return kernel_elf_compact(buf_span(&elf), out, err);
}

static int write_synced(int dirfd, const char *path, const struct buf *bytes,
			struct err *err)
{
	auto_close int fd = fd_open_no_symlinks(
		dirfd, path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, bytes->data, bytes->len, err) < 0)
		return err_wrap(err, "write '%s'", path);
	if (fsync(fd) < 0)
		return err_sys(err, errno, "write '%s'", path);
	return 0;
}

static int move(int dirfd, const char *from, const char *to, struct err *err)
{
	if (renameat(dirfd, from, dirfd, to) < 0)
		return err_sys(err, errno, "move '%s' to '%s'", from, to);
	return 0;
}

/* Writes to the disk what the package's unpacking left to the kernel. */
static int sync_file(int dirfd, const char *path, struct err *err)
{
	auto_close int fd = fd_open_no_symlinks(dirfd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(err, errno, "write '%s'", path);
	return 0;
}

/* The image: faster as ELF, but any kernel boots from its boot image. */
static int make_image(int tempfd, struct log *log, const char **library,
		      struct err *err)
{
	auto_buf struct buf elf = BUF_INIT(KERNEL_ELF_MAX);
	struct err cause = ERR_INIT;

	if (extract_elf(tempfd, &elf, &cause) == 0) {
		*library = KERNEL_ELF_NAME;
		return write_synced(tempfd, ENTRY "/" KERNEL_ELF_NAME, &elf,
				    err);
	}
	log_warn(log, "kernel: %s, booting the boot image", cause.msg);
	*library = KERNEL_BOOT_NAME;
	if (move(tempfd, UNPACKED "/" KERNEL_UNPACK_IMAGE,
		 ENTRY "/" KERNEL_BOOT_NAME, err) < 0)
		return -1;
	return sync_file(tempfd, ENTRY "/" KERNEL_BOOT_NAME, err);
}

struct module_reader {
	int tempfd;
	struct buf bytes;
};

static char *unpacked_module(const char *name)
{
	return xasprintf("%s/%s/%s.ko", UNPACKED, KERNEL_UNPACK_MODULES, name);
}

static int read_module(void *data, const char *name, struct span *out,
		       struct err *err)
{
	struct module_reader *r = data;
	auto_free char *path = unpacked_module(name);

	buf_reset(&r->bytes);
	if (read_file(r->tempfd, path, &r->bytes, err) < 0)
		return -1;
	*out = buf_span(&r->bytes);
	return 0;
}

/* Of a thousand modules a guest needs a dozen. */
static int choose_modules(int tempfd, struct strv *names, struct err *err)
{
	struct module_reader reader = { .tempfd = tempfd,
					.bytes = BUF_INIT(MODULE_MAX) };
	int r = modules_order(modules_wanted, read_module, &reader, names, err);

	buf_release(&reader.bytes);
	return r;
}

static int make_modules(int tempfd, const struct kernel_pin *pin,
			struct err *err)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *dir =
		xasprintf("%s/lib/modules/%s", ENTRY, pin->release);

	if (choose_modules(tempfd, &names, err) < 0 ||
	    fs_mkdir_all_at(tempfd, dir, 0700, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *from = unpacked_module(names.v[i]);
		auto_free char *to = xasprintf("%s/%s.ko", dir, names.v[i]);

		if (move(tempfd, from, to, err) < 0 ||
		    sync_file(tempfd, to, err) < 0)
			return -1;
	}
	return 0;
}

static int make_manifest(int tempfd, const char *library, const char *source,
			 const struct kernel_pin *pin, struct err *err)
{
	auto_close int fd = open_dir(tempfd, ENTRY, err);
	struct kernel_manifest m;

	if (fd < 0 || kernel_manifest_make(fd, library, source, &m, err) < 0)
		return -1;
	return kernel_manifest_write(fd, &m, pin, err);
}

static int unpack(int tempfd, int deb_fd, const struct kernel_pin *pin,
		  struct err *err)
{
	auto_close int fd = -1;

	if (fs_mkdir_all_at(tempfd, UNPACKED, 0700, err) < 0 ||
	    fs_mkdir_all_at(tempfd, ENTRY, 0700, err) < 0)
		return -1;
	fd = open_dir(tempfd, UNPACKED, err);
	if (fd < 0)
		return -1;
	if (kernel_unpack_deb(deb_fd, pin->release, fd, err) < 0)
		return err_wrap(err, "unpack the package");
	return 0;
}

/* Replaces what was there: it was found to be unusable. */
static int publish(int rootfd, const char *temp, const struct kernel_pin *pin,
		   struct err *err)
{
	auto_free char *from = xasprintf("%s/%s", temp, ENTRY);
	auto_free char *to = entry_name(pin);
	auto_close int fd = -1;

	if (fs_mkdir_all_at(rootfd, pin->version, 0700, err) < 0)
		return -1;
	fd = open_dir(rootfd, pin->version, err);
	if (fd < 0 ||
	    fs_remove_tree_at(fd, to + strlen(pin->version) + 1, err) < 0)
		return -1;
	return move(rootfd, from, to, err);
}

int kernel_store_put(int rootfd, const char *temp, int deb_fd,
		     const char *source, const struct kernel_pin *pin,
		     struct log *log, struct err *err)
{
	auto_close int tempfd = open_dir(rootfd, temp, err);
	const char *library;

	if (tempfd < 0 || verify(deb_fd, pin, err) < 0 ||
	    unpack(tempfd, deb_fd, pin, err) < 0 ||
	    make_image(tempfd, log, &library, err) < 0 ||
	    make_modules(tempfd, pin, err) < 0 ||
	    make_manifest(tempfd, library, source, pin, err) < 0)
		return -1;
	return publish(rootfd, temp, pin, err);
}

void kernel_store_prune(int rootfd, const struct kernel_pin *pin)
{
	auto_strv struct strv names = STRV_INIT;
	int fd = open_dir(rootfd, ".", ERR_IGNORE);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir)))
		strv_add(&names, entry->d_name);
	closedir(dir);
	for (size_t i = 0; i < names.n; i++) {
		/* Ours start with a digit, or are leftovers of a crash. */
		if (strcmp(names.v[i], pin->version) == 0 ||
		    names.v[i][0] == '.')
			continue;
		/* Only costs space. */
		discard(fs_remove_tree_at(rootfd, names.v[i], ERR_IGNORE));
	}
}
