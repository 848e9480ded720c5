// SPDX-License-Identifier: Apache-2.0
/*
 * initramfs_cache_test.c - what the archive holds, and when it is made anew.
 */
#include "infra/initramfs/initramfs_cache.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define ARCHIVE_MAX ((size_t)1024 * 1024) /* bytes */
#define WEEK_S	    (7 * 24 * 3600)

struct fixture {
	char *top; /* owned */
	struct kernel kernel;
	struct initramfs_cache_config config;
};

/* The smallest file in which the dependencies of a module can be found. */
static void make_module(const char *dir, const char *name, const char *depends)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	auto_free char *path = xasprintf("%s/%s.ko", dir, name);
	auto_free char *info = xasprintf("depends=%s", depends);
	auto_buf struct buf file = BUF_INIT(ARCHIVE_MAX);
	struct err err = ERR_INIT;
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shoff = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};
	Elf64_Shdr sections[3] = {
		[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS },
		[2] = { .sh_name = 10, .sh_type = SHT_STRTAB },
	};

	sections[1].sh_offset = sizeof(header) + sizeof(sections);
	sections[1].sh_size = strlen(info) + 1;
	sections[2].sh_offset = sections[1].sh_offset + sections[1].sh_size;
	sections[2].sh_size = sizeof(names);
	CHECK_OK(buf_add(&file, &header, sizeof(header), &err), &err);
	CHECK_OK(buf_add(&file, sections, sizeof(sections), &err), &err);
	CHECK_OK(buf_add(&file, info, strlen(info) + 1, &err), &err);
	CHECK_OK(buf_add(&file, names, sizeof(names), &err), &err);
	CHECK_OK(fs_replace_file(path, file.data, file.len, 0600, &err), &err);
}

static void begin(struct fixture *f)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir("/tmp", "bbox-initramfs-", &f->top, &err),
		 &err);
	f->kernel = (struct kernel){
		.version = xstrdup("6.9-test"),
		.modules_dir = xasprintf("%s/modules", f->top),
	};
	f->config = (struct initramfs_cache_config){
		.cache_dir = f->top,
		.init = SPAN_STR("the init program"),
		.init_id = "one",
	};
	CHECK_OK(fs_mkdir_all(f->kernel.modules_dir, 0700, &err), &err);
	make_module(f->kernel.modules_dir, "virtiofs", "fuse,virtio-ring");
	make_module(f->kernel.modules_dir, "fuse", "");
	make_module(f->kernel.modules_dir, "virtio_ring", "");
	make_module(f->kernel.modules_dir, "unwanted", "");
}

static int build(struct fixture *f, char **out, struct err *err)
{
	struct initramfs_builder *b = initramfs_cache_new(&f->config);
	int r = initramfs_builder_build(b, &f->kernel, out, err);

	initramfs_cache_free(b);
	return r;
}

static void finish(struct fixture *f)
{
	struct err err = ERR_INIT;

	kernel_release(&f->kernel);
	CHECK_OK(fs_remove_tree(f->top, &err), &err);
	free(f->top);
}

/* Where @name begins in the archive, behind its header; NULL: not there. */
static const char *find_entry(const struct buf *archive, const char *name)
{
	return memmem(archive->data, archive->len, name, strlen(name) + 1);
}

static void test_the_archive_has_init_directories_modules(void **state unused)
{
	static const char *const wanted[] = { "dev",  "proc",	      "sys",
					      "bbox", "bbox/modules", "init" };
	auto_buf struct buf archive = BUF_INIT(ARCHIVE_MAX);
	auto_free char *path = NULL;
	struct err err = ERR_INIT;
	const char *fuse, *virtiofs;
	struct fixture f;

	begin(&f);
	CHECK_OK(build(&f, &path, &err), &err);
	CHECK_OK(fs_read_file(path, &archive, &err), &err);
	assert_int_equal(archive.len % 4, 0);
	assert_memory_equal(archive.data, "070701", 6);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		CHECK(find_entry(&archive, wanted[i]), "no '%s'", wanted[i]);
	assert_non_null(
		memmem(archive.data, archive.len, "the init program", 16));
	/* Dependencies first, each once, numbered; nothing else. */
	fuse = find_entry(&archive, "bbox/modules/000-fuse.ko");
	virtiofs = find_entry(&archive, "bbox/modules/002-virtiofs.ko");
	assert_non_null(fuse);
	assert_non_null(
		find_entry(&archive, "bbox/modules/001-virtio_ring.ko"));
	assert_true(virtiofs > fuse);
	assert_null(memmem(archive.data, archive.len, "unwanted", 8));
	finish(&f);
}

static void test_a_second_build_is_a_hit(void **state unused)
{
	auto_free char *first = NULL;
	auto_free char *second = NULL;
	struct err err = ERR_INIT;
	struct fixture f;
	struct stat a, b;

	begin(&f);
	CHECK_OK(build(&f, &first, &err), &err);
	assert_int_equal(stat(first, &a), 0);
	assert_int_equal(a.st_mode & 0777, 0600);
	/* Nothing is read: the modules may even be gone. */
	CHECK_OK(fs_remove_tree(f.kernel.modules_dir, &err), &err);
	CHECK_OK(build(&f, &second, &err), &err);
	assert_int_equal(stat(second, &b), 0);
	assert_string_equal(first, second);
	assert_int_equal(a.st_ino, b.st_ino);
	finish(&f);
}

static void test_another_init_or_kernel_is_a_miss(void **state unused)
{
	auto_free char *first = NULL;
	auto_free char *second = NULL;
	auto_free char *third = NULL;
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f);
	CHECK_OK(build(&f, &first, &err), &err);
	f.config.init_id = "two";
	CHECK_OK(build(&f, &second, &err), &err);
	assert_string_not_equal(first, second);
	free(f.kernel.version);
	f.kernel.version = xstrdup("6.10-test");
	CHECK_OK(build(&f, &third, &err), &err);
	assert_non_null(strstr(third, "/initramfs/6.10-test-"));
	finish(&f);
}

static void set_age(const char *path, time_t age_s)
{
	const struct timespec times[2] = {
		{ .tv_sec = time(NULL) - age_s },
		{ .tv_sec = time(NULL) - age_s },
	};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_unused_ones_go_after_a_week(void **state unused)
{
	auto_free char *old = NULL;
	auto_free char *recent = NULL;
	auto_free char *used = NULL;
	auto_free char *now = NULL;
	auto_free char *again = NULL;
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f);
	CHECK_OK(build(&f, &old, &err), &err);
	f.config.init_id = "recent";
	CHECK_OK(build(&f, &recent, &err), &err);
	f.config.init_id = "used";
	CHECK_OK(build(&f, &used, &err), &err);
	set_age(old, WEEK_S + 60);
	set_age(recent, WEEK_S - 60);
	set_age(used, WEEK_S + 60);
	CHECK_OK(build(&f, &again, &err), &err); /* a hit makes it young */
	f.config.init_id = "now";
	CHECK_OK(build(&f, &now, &err), &err);
	assert_int_not_equal(access(old, F_OK), 0);
	assert_int_equal(access(recent, F_OK), 0);
	assert_int_equal(access(used, F_OK), 0);
	assert_int_equal(access(now, F_OK), 0);
	finish(&f);
}

static void test_a_link_or_an_empty_file_is_no_hit(void **state unused)
{
	auto_free char *first = NULL;
	auto_free char *again = NULL;
	struct err err = ERR_INIT;
	struct fixture f;
	struct stat st;

	begin(&f);
	CHECK_OK(build(&f, &first, &err), &err);
	assert_int_equal(unlink(first), 0);
	assert_int_equal(symlink("/etc/passwd", first), 0);
	CHECK_OK(build(&f, &again, &err), &err);
	assert_int_equal(lstat(first, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(truncate(first, 0), 0);
	free(again);
	CHECK_OK(build(&f, &again, &err), &err);
	assert_int_equal(stat(first, &st), 0);
	assert_true(st.st_size > 0);
	finish(&f);
}

static void test_what_cannot_be_built_is_refused(void **state unused)
{
	auto_free char *dir = NULL;
	struct err err;
	struct fixture f;
	char *path;

	begin(&f);
	make_module(f.kernel.modules_dir, "fuse", "virtiofs");
	CHECK_FAILS(build(&f, &path, &err), &err, ERR_INVALID,
		    "initramfs: kernel modules in");
	CHECK_OK(fs_remove_tree(f.kernel.modules_dir, &err), &err);
	CHECK_FAILS(build(&f, &path, &err), &err, ERR_NOT_FOUND, "modules");
	CHECK_OK(fs_mkdir_all(f.kernel.modules_dir, 0700, &err), &err);
	CHECK_FAILS(build(&f, &path, &err), &err, ERR_NOT_FOUND,
		    "no modules there");
	dir = xasprintf("%s/initramfs", f.top);
	assert_int_equal(chmod(dir, 0777), 0);
	CHECK_FAILS(build(&f, &path, &err), &err, ERR_PERMISSION,
		    "not ours alone");
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_archive_has_init_directories_modules),
		cmocka_unit_test(test_a_second_build_is_a_hit),
		cmocka_unit_test(test_another_init_or_kernel_is_a_miss),
		cmocka_unit_test(test_unused_ones_go_after_a_week),
		cmocka_unit_test(test_a_link_or_an_empty_file_is_no_hit),
		cmocka_unit_test(test_what_cannot_be_built_is_refused),
	};

	return RUN_TESTS(tests);
}
