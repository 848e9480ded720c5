// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_unpack.c - take the kernel and its modules out of a Debian package.
 *
 * A package is an "ar" archive (deb(5)); its member data.tar.* holds the
 * files. That one is read as a stream from within the first.
 */
#include "infra/kernel/kernel_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

#define CHUNK	      ((size_t)64 * 1024)
#define FILE_MAX      ((int64_t)64 * 1024 * 1024)  /* bytes */
#define TOTAL_MAX     ((int64_t)512 * 1024 * 1024) /* bytes */
#define ENTRIES_MAX   20000U
#define NAME_MAX_LEN  55U /* of a module, as in the kernel */
#define MODULE_SUFFIX ".ko"

struct unpack {
	struct archive *ar, *tar;
	char chunk[CHUNK];   /* of the tar, read through the ar */
	const char *release; /* borrowed */
	int dirfd;	     /* borrowed */
	int64_t total;	     /* bytes written */
	bool has_image;
};

static int bad(struct archive *a, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s",
		       archive_error_string(a) ?: "damaged");
}

static la_ssize_t read_member(struct archive *a, void *data, const void **out)
{
	struct unpack *u = data;
	la_ssize_t n = archive_read_data(u->ar, u->chunk, sizeof(u->chunk));

	if (n < 0)
		archive_set_error(a, EIO, "%s",
				  archive_error_string(u->ar) ?: "damaged");
	*out = u->chunk;
	return n < 0 ? -1 : n;
}

static int copy_file(struct unpack *u, const char *name, struct err *err)
{
	auto_free char *chunk = xmalloc(CHUNK);
	auto_close int fd = fd_open_no_symlinks(
		u->dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	int64_t len = 0;
	la_ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = archive_read_data(u->tar, chunk, CHUNK)) > 0) {
		len += n;
		u->total += n;
		if (len > FILE_MAX || u->total > TOTAL_MAX)
			return err_set(err, ERR_LIMIT, "'%s' is too large",
				       name);
		if (fd_write_all(fd, chunk, (size_t)n, err) < 0)
			return err_wrap(err, "write '%s'", name);
	}
	return n < 0 ? bad(u->tar, err) : 0;
}

/* "<dirs>/virtio-rng.ko" becomes "modules/virtio_rng.ko"; NULL: bad name. */
static char *module_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *out;
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base) - strlen(MODULE_SUFFIX);
	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
			    base[i]))
			return NULL;
	out = xasprintf("%s/%s", KERNEL_UNPACK_MODULES, base);
	for (char *p = out; *p; p++)
		if (*p == '-')
			*p = '_';
	return out;
}

static int take_entry(struct unpack *u, const char *path,
		      struct archive_entry *entry, struct err *err)
{
	auto_free char *image = xasprintf("boot/vmlinuz-%s", u->release);
	auto_free char *modules =
		xasprintf("lib/modules/%s/kernel/", u->release);
	auto_free char *name = NULL;

	if (strcmp(path, image) == 0) {
		name = xstrdup(KERNEL_UNPACK_IMAGE);
		u->has_image = true;
	} else if (text_starts_with(path, modules) &&
		   text_ends_with(path, MODULE_SUFFIX)) {
		name = module_name(path);
		if (!name) {
			auto_free char *shown = text_visible(path);

			return err_set(err, ERR_INVALID, "bad module name '%s'",
				       shown);
		}
	} else {
		return 0;
	}
	if (archive_entry_filetype(entry) != AE_IFREG)
		return err_set(err, ERR_INVALID, "'%s' is not a file", name);
	return copy_file(u, name, err);
}

static int read_tar(struct unpack *u, struct err *err)
{
	struct archive_entry *entry;
	unsigned int n = 0;
	int r;

	if (archive_read_open(u->tar, u, NULL, read_member, NULL) != ARCHIVE_OK)
		return bad(u->tar, err);
	while ((r = archive_read_next_header(u->tar, &entry)) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);

		if (++n > ENTRIES_MAX)
			return err_set(err, ERR_LIMIT, "more than %u entries",
				       ENTRIES_MAX);
		if (!path)
			return err_set(err, ERR_INVALID,
				       "entry without a name");
		if (text_starts_with(path, "./"))
			path += strlen("./");
		/* Newer packages have the merged /usr. */
		if (text_starts_with(path, "usr/"))
			path += strlen("usr/");
		if (take_entry(u, path, entry, err) < 0)
			return -1;
	}
	return r == ARCHIVE_EOF ? 0 : bad(u->tar, err);
}

static int find_data(struct unpack *u, int deb_fd, struct err *err)
{
	struct archive_entry *entry;
	int r;

	if (archive_read_open_fd(u->ar, deb_fd, CHUNK) != ARCHIVE_OK)
		return bad(u->ar, err);
	while ((r = archive_read_next_header(u->ar, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (name && text_starts_with(name, "data.tar"))
			return read_tar(u, err);
	}
	if (r != ARCHIVE_EOF)
		return bad(u->ar, err);
	return err_set(err, ERR_INVALID, "no data in it");
}

static int unpack(struct unpack *u, int deb_fd, struct err *err)
{
	u->ar = archive_read_new();
	u->tar = archive_read_new();
	if (!u->ar || !u->tar)
		return err_set(err, ERR_UNSUPPORTED, "make a reader");
	archive_read_support_format_ar(u->ar);
	archive_read_support_format_tar(u->tar);
	archive_read_support_filter_xz(u->tar);
	archive_read_support_filter_gzip(u->tar);
	archive_read_support_filter_zstd(u->tar);
	if (find_data(u, deb_fd, err) < 0)
		return -1;
	if (!u->has_image)
		return err_set(err, ERR_NOT_FOUND, "no kernel %s in it",
			       u->release);
	return 0;
}

int kernel_unpack_deb(int deb_fd, const char *release, int dirfd,
		      struct err *err)
{
	auto_free struct unpack *u = xcalloc(1, sizeof(*u));
	int r;

	u->release = release;
	u->dirfd = dirfd;
	if (mkdirat(dirfd, KERNEL_UNPACK_MODULES, 0700) < 0)
		return err_sys(err, errno, "create '%s'",
			       KERNEL_UNPACK_MODULES);
	r = unpack(u, deb_fd, err);
	archive_read_free(u->tar);
	archive_read_free(u->ar);
	return r;
}
