// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_manifest.c - write, read and check firmware.json.
 */
#include "infra/kernel/kernel_manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/kernel/modules.h"
#include "infra/sys/fd.h"

#define MANIFEST_MAX ((size_t)64 * 1024) /* bytes */
#define NS_PER_SEC   INT64_C(1000000000)
#define TEMP_NAME    "firmware.json.new"

/* Raised when the same package is laid out differently in the cache. */
#define LAYOUT 1

/* What the members of the same name may be. */
static const char *const libraries[] = { KERNEL_ELF_NAME, KERNEL_BOOT_NAME };
static const char *const sources[] = { KERNEL_SOURCE_APT, KERNEL_SOURCE_FILE };

static int64_t to_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static void set_identity(struct kernel_manifest *m, const struct stat *st)
{
	m->size = (uint64_t)st->st_size;
	m->inode = st->st_ino;
	m->mtime_ns = to_ns(st->st_mtim);
	m->ctime_ns = to_ns(st->st_ctim);
}

int kernel_manifest_make(int dirfd, const char *library, const char *source,
			 struct kernel_manifest *out, struct err *err)
{
	struct kernel_manifest m = { .library = library, .source = source };
	auto_close int fd =
		fd_open_no_symlinks(dirfd, library, O_RDONLY, 0, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "examine '%s'", library);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a file", library);
	if (hash_sha256_fd(fd, m.library_hash, err) < 0)
		return err_wrap(err, "hash '%s'", library);
	set_identity(&m, &st);
	*out = m;
	return 0;
}

bool kernel_manifest_is_fresh(int dirfd, const struct kernel_manifest *m)
{
	struct kernel_manifest now = *m;
	struct stat st;

	if (fstatat(dirfd, m->library, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	set_identity(&now, &st);
	return now.size == m->size && now.inode == m->inode &&
	       now.mtime_ns == m->mtime_ns && now.ctime_ns == m->ctime_ns;
}

/* An entry made for other modules than this bbox wants is of no use. */
static char *wanted_text(void)
{
	auto_strv struct strv names = STRV_INIT;
	char *text = xstrdup("");

	for (size_t i = 0; modules_wanted[i]; i++)
		strv_add(&names, modules_wanted[i]);
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		char *longer =
			xasprintf("%s%s%s", text, i ? " " : "", names.v[i]);

		free(text);
		text = longer;
	}
	return text;
}

static int write_text(int dirfd, const char *text, struct err *err)
{
	auto_close int fd = -1;

	/* A leftover of a crash; when it cannot go, the open says so. */
	discard(unlinkat(dirfd, TEMP_NAME, 0));
	fd = fd_open_no_symlinks(dirfd, TEMP_NAME, O_WRONLY | O_CREAT | O_EXCL,
				 0600, err);
	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text, strlen(text), err) < 0)
		return err_wrap(err, "write '%s'", KERNEL_MANIFEST);
	if (fsync(fd) < 0 ||
	    renameat(dirfd, TEMP_NAME, dirfd, KERNEL_MANIFEST) < 0)
		return err_sys(err, errno, "write '%s'", KERNEL_MANIFEST);
	return 0;
}

int kernel_manifest_write(int dirfd, const struct kernel_manifest *m,
			  const struct kernel_pin *pin, struct err *err)
{
	auto_free char *wanted = wanted_text();
	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, "
		"s:I, s:I, s:I, s:I}",
		"version", pin->version, "os", "linux", "arch", pin->arch,
		"source", m->source, "package", pin->package, "archive_hash",
		pin->sha256, "library", m->library, "library_hash",
		m->library_hash, "modules", wanted, "layout", LAYOUT, "size",
		(json_int_t)m->size, "inode", (json_int_t)m->inode, "mtime_ns",
		(json_int_t)m->mtime_ns, "ctime_ns", (json_int_t)m->ctime_ns,
		"timestamp", (json_int_t)time(NULL));
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int r;

	json_decref(json);
	if (!text)
		return err_set(err, ERR_INVALID, "write '%s'", KERNEL_MANIFEST);
	r = write_text(dirfd, text, err);
	free(text);
	return r;
}

static bool text_is(const json_t *json, const char *key, const char *want)
{
	const char *have = json_string_value(json_object_get(json, key));

	return have && strcmp(have, want) == 0;
}

static int64_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static bool is_hash(const char *text)
{
	return strlen(text) == SHA256_HEX_LEN &&
	       strspn(text, "0123456789abcdef") == SHA256_HEX_LEN;
}

static bool parse(const json_t *json, const struct kernel_pin *pin,
		  struct kernel_manifest *out)
{
	auto_free char *wanted = wanted_text();
	struct kernel_manifest m = { .library = NULL };
	const char *hash =
		json_string_value(json_object_get(json, "library_hash"));

	if (!text_is(json, "version", pin->version) ||
	    !text_is(json, "arch", pin->arch) ||
	    !text_is(json, "archive_hash", pin->sha256) ||
	    !text_is(json, "modules", wanted) ||
	    number(json, "layout") != LAYOUT)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (text_is(json, "library", libraries[i]))
			m.library = libraries[i];
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (text_is(json, "source", sources[i]))
			m.source = sources[i];
	if (!m.library || !m.source || !hash || !is_hash(hash))
		return false;
	memcpy(m.library_hash, hash, SHA256_HEX_SIZE);
	m.size = (uint64_t)number(json, "size");
	m.inode = (uint64_t)number(json, "inode");
	m.mtime_ns = number(json, "mtime_ns");
	m.ctime_ns = number(json, "ctime_ns");
	*out = m;
	return true;
}

int kernel_manifest_read(int dirfd, const struct kernel_pin *pin,
			 struct kernel_manifest *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_MAX);
	auto_close int fd = fd_open_no_symlinks(dirfd, KERNEL_MANIFEST,
						O_RDONLY | O_NONBLOCK, 0, err);
	json_t *json;
	bool ok;

	if (fd < 0 || fd_read_all(fd, &text, err) < 0)
		return -1;
	json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	ok = json && parse(json, pin, out);
	json_decref(json);
	if (!ok)
		return err_set(err, ERR_INVALID, "'%s' is not of this kernel",
			       KERNEL_MANIFEST);
	return 0;
}
