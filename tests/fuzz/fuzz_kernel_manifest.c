// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_kernel_manifest.c - a manifest that is accepted names one of our files
 * and is written and read again the same.
 *
 * Input: a manifest. Of one that starts with anything but '{' this is what
 * follows the member "modules", which changes with the modules bbox wants.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "infra/kernel/kernel_manifest.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define TEXT_MAX ((size_t)1024 * 1024)
/* Memory: what is written is also synced, which takes a disk too long. */
#define PARENT "/dev/shm"

static const struct kernel_pin pin = { .arch = "amd64",
				       .package = "linux",
				       .version = "1",
				       .release = "1-test",
				       .sha256 = "aa",
				       .size = 1 };

static void read_text(int dirfd, struct buf *out)
{
	auto_close int fd = openat(dirfd, KERNEL_MANIFEST, O_RDONLY);
	struct err err = ERR_INIT;

	INVARIANT(fd >= 0 && !fd_read_all(fd, out, &err));
}

static void write_text(int dirfd, struct span text)
{
	auto_close int fd = openat(dirfd, KERNEL_MANIFEST,
				   O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err err = ERR_INIT;

	INVARIANT(fd >= 0 && !fd_write_all(fd, text.p, text.len, &err));
}

/* Appends "{" and the line with the modules of a good manifest. */
static void add_modules(int dirfd, struct buf *out)
{
	const struct kernel_manifest m = { .library = KERNEL_ELF_NAME,
					   .source = KERNEL_SOURCE_APT };
	auto_buf struct buf good = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	const char *line, *end;

	INVARIANT(!kernel_manifest_write(dirfd, &m, &pin, &err));
	read_text(dirfd, &good);
	line = strstr(good.data, "\"modules\"");
	end = line ? strchr(line, '\n') : NULL;
	INVARIANT(end && !buf_addc(out, '{', &err) &&
		  !buf_add(out, line, (size_t)(end - line), &err));
}

static bool is_same(const struct kernel_manifest *a,
		    const struct kernel_manifest *b)
{
	return !strcmp(a->library, b->library) &&
	       !strcmp(a->source, b->source) &&
	       !strcmp(a->library_hash, b->library_hash) &&
	       a->size == b->size && a->inode == b->inode &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static void check_text(int dirfd)
{
	struct kernel_manifest m = { .library = NULL }, again = m;
	struct err err = ERR_INIT;

	if (kernel_manifest_read(dirfd, &pin, &m, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
		INVARIANT(!m.library);
		return;
	}
	INVARIANT(!strcmp(m.library, KERNEL_ELF_NAME) ||
		  !strcmp(m.library, KERNEL_BOOT_NAME));
	INVARIANT(!strcmp(m.source, KERNEL_SOURCE_APT) ||
		  !strcmp(m.source, KERNEL_SOURCE_FILE));
	INVARIANT(strlen(m.library_hash) == SHA256_HEX_LEN);
	/* There is no such file, so there is nothing to trust. */
	INVARIANT(!kernel_manifest_is_fresh(dirfd, &m));
	INVARIANT(!kernel_manifest_write(dirfd, &m, &pin, &err));
	INVARIANT(!kernel_manifest_read(dirfd, &pin, &again, &err));
	INVARIANT(is_same(&again, &m));
}

/* What is written is read, whatever the numbers of the file's inode are. */
static void check_numbers(int dirfd, struct span in)
{
	struct kernel_manifest m = { .library = KERNEL_ELF_NAME,
				     .source = KERNEL_SOURCE_APT };
	struct kernel_manifest again = { .library = NULL };
	struct err err = ERR_INIT;

	memset(m.library_hash, 'a', SHA256_HEX_LEN);
	if (!span_take(&in, &m.size, sizeof(m.size)) ||
	    !span_take(&in, &m.inode, sizeof(m.inode)) ||
	    !span_take(&in, &m.mtime_ns, sizeof(m.mtime_ns)) ||
	    !span_take(&in, &m.ctime_ns, sizeof(m.ctime_ns)))
		return;
	INVARIANT(!kernel_manifest_write(dirfd, &m, &pin, &err));
	INVARIANT(!kernel_manifest_read(dirfd, &pin, &again, &err));
	INVARIANT(is_same(&again, &m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_free char *dir = NULL;
	auto_close int fd = -1;
	struct err err = ERR_INIT;

	if (!size || size > TEXT_MAX / 2)
		return 0;
	INVARIANT(!fs_make_temp_dir(PARENT, "fuzz-manifest-", &dir, &err));
	fd = fd_open_dir(dir, &err);
	INVARIANT(fd >= 0);
	if (*data != '{')
		add_modules(fd, &text);
	INVARIANT(!buf_add(&text, data, size, &err));
	write_text(fd, buf_span(&text));
	check_text(fd);
	check_numbers(fd, (struct span){ .p = data, .len = size });
	INVARIANT(!fs_remove_tree(dir, &err));
	return 0;
}
