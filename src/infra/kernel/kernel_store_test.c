// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_store_test.c - what goes into the cache, comes out, and is refused.
 */
#include "infra/kernel/kernel_store.h"

#include <archive.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/kernel/kernel_test_package.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define PVH_NOTE 18
#define TEMP	 KERNEL_STORE_TEMP "test"
#define ENTRY	 "1.0/linux-test"

/* A store with a package that may be put into it. */
struct fixture {
	char *top, *root; /* owned */
	int fd;		  /* of the store */
	int deb_fd;
	char sha256[SHA256_HEX_SIZE];
	struct kernel_pin pin;
	struct log log;
	struct kernel kernel;
};

static void begin(struct fixture *f, uint32_t note_type)
{
	auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf image = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf deb = BUF_INIT(TEST_PACKAGE_MAX);
	struct err err = ERR_INIT;

	*f = (struct fixture){ .log = LOG_DISCARD, .kernel = KERNEL_INIT };
	CHECK_OK(fs_make_temp_dir("/tmp", "bbox-store-", &f->top, &err), &err);
	f->root = xasprintf("%s/firmware", f->top);
	f->fd = kernel_store_open(f->root, &err);
	CHECK_OK(f->fd, &err);
	test_kernel_elf(&elf, note_type);
	test_kernel_image(&image, ARCHIVE_FILTER_GZIP, buf_span(&elf));
	test_kernel_package(&deb, (const struct test_file[]){
					  { "./boot/vmlinuz-" TEST_RELEASE,
					    image.data, image.len, 0 },
					  { .path = NULL } });
	f->deb_fd = fd_memfd("deb", &err);
	CHECK_OK(fd_write_all(f->deb_fd, deb.data, deb.len, &err), &err);
	hash_sha256(deb.data, deb.len, f->sha256);
	f->pin = (struct kernel_pin){ .arch = "test",
				      .package = "p",
				      .version = "1.0",
				      .release = TEST_RELEASE,
				      .sha256 = f->sha256,
				      .size = deb.len };
}

static int put(struct fixture *f, struct err *err)
{
	/* Empty for each attempt. */
	CHECK_OK(fs_remove_tree_at(f->fd, TEMP, err), err);
	assert_int_equal(mkdirat(f->fd, TEMP, 0700), 0);
	return kernel_store_put(f->fd, TEMP, f->deb_fd, KERNEL_SOURCE_FILE,
				&f->pin, &f->log, err);
}

static int find(struct fixture *f, bool may_hash)
{
	kernel_release(&f->kernel);
	return kernel_store_find(f->fd, f->root, may_hash, &f->pin, &f->kernel);
}

static void finish(struct fixture *f)
{
	struct err err = ERR_INIT;

	kernel_release(&f->kernel);
	close(f->fd);
	close(f->deb_fd);
	CHECK_OK(fs_remove_tree(f->top, &err), &err);
	free(f->top);
	free(f->root);
}

static void test_a_package_becomes_a_kernel(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;
	struct stat st;

	begin(&f, PVH_NOTE);
	assert_int_equal(find(&f, true), 0);
	CHECK_OK(put(&f, &err), &err);
	assert_int_equal(find(&f, false), 1);
	assert_string_equal(f.kernel.version, TEST_RELEASE);
	assert_true(access(f.kernel.modules_dir, F_OK) == 0);
	assert_non_null(strstr(f.kernel.image_path,
			       "/firmware/1.0/linux-test/vmlinux"));
	assert_int_equal(stat(f.kernel.image_path, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_equal(fstatat(f.fd, ENTRY "/" KERNEL_MANIFEST, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	finish(&f);
}

static void test_without_pvh_the_boot_image_is_kept(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE + 1);
	CHECK_OK(put(&f, &err), &err);
	assert_int_equal(find(&f, false), 1);
	assert_non_null(strstr(f.kernel.image_path, "/vmlinuz"));
	finish(&f);
}

static void test_another_package_is_refused(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	assert_int_equal(pwrite(f.deb_fd, "x", 1, 300), 1);
	CHECK_FAILS(put(&f, &err), &err, ERR_INTEGRITY, "has SHA-256");
	f.pin.size++;
	CHECK_FAILS(put(&f, &err), &err, ERR_INTEGRITY, "bytes, expected");
	assert_int_equal(find(&f, true), 0);
	finish(&f);
}

static void tamper(const struct fixture *f, const char *name, const char *bytes)
{
	auto_free char *path = xasprintf("%s/%s/%s", f->root, ENTRY, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, strlen(bytes), 9),
			 (ssize_t)strlen(bytes));
	close(fd);
}

static void test_a_touched_kernel_is_hashed_again_once(void **state unused)
{
	static const struct timespec times[2] = { { .tv_sec = 1 },
						  { .tv_sec = 1 } };
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	CHECK_OK(put(&f, &err), &err);
	utimensat(f.fd, ENTRY "/" KERNEL_ELF_NAME, times, 0);
	assert_int_equal(find(&f, false), 0);
	assert_int_equal(find(&f, true), 1);
	assert_int_equal(find(&f, false), 1);
	finish(&f);
}

static void test_a_tampered_kernel_is_made_anew(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	CHECK_OK(put(&f, &err), &err);
	tamper(&f, KERNEL_ELF_NAME, "evil");
	assert_int_equal(find(&f, false), 0);
	assert_int_equal(find(&f, true), 0);
	CHECK_OK(put(&f, &err), &err);
	assert_int_equal(find(&f, false), 1);
	finish(&f);
}

static void test_a_damaged_manifest_is_a_miss(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	CHECK_OK(put(&f, &err), &err);
	tamper(&f, KERNEL_MANIFEST, "}{");
	assert_int_equal(find(&f, true), 0);
	finish(&f);
}

static void test_a_kernel_that_is_a_link_is_a_miss(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	CHECK_OK(put(&f, &err), &err);
	assert_int_equal(
		renameat(f.fd, ENTRY "/" KERNEL_ELF_NAME, f.fd, "moved"), 0);
	assert_int_equal(
		symlinkat("../../moved", f.fd, ENTRY "/" KERNEL_ELF_NAME), 0);
	assert_int_equal(find(&f, true), 0);
	finish(&f);
}

static void test_prune_keeps_the_version_and_the_lock(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, PVH_NOTE);
	CHECK_OK(put(&f, &err), &err);
	assert_int_equal(mkdirat(f.fd, "0.9", 0700), 0);
	assert_int_equal(mkdirat(f.fd, "0.9/linux-test", 0700), 0);
	close(openat(f.fd, KERNEL_STORE_LOCK, O_CREAT | O_CLOEXEC, 0600));
	kernel_store_prune(f.fd, &f.pin);
	assert_int_equal(find(&f, false), 1);
	assert_int_equal(faccessat(f.fd, KERNEL_STORE_LOCK, F_OK, 0), 0);
	assert_int_not_equal(faccessat(f.fd, "0.9", F_OK, 0), 0);
	assert_int_not_equal(faccessat(f.fd, TEMP, F_OK, 0), 0);
	finish(&f);
}

static void test_a_store_that_others_reach_is_refused(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;
	auto_free char *link = NULL;
	auto_free char *file = NULL;

	begin(&f, PVH_NOTE);
	link = xasprintf("%s/link", f.top);
	file = xasprintf("%s/file", f.top);
	assert_int_equal(symlink(f.root, link), 0);
	CHECK_FAILS(kernel_store_open(link, &err), &err, ERR_PERMISSION,
		    "symlink");
	assert_int_equal(chmod(f.root, 0755), 0);
	CHECK_FAILS(kernel_store_open(f.root, &err), &err, ERR_PERMISSION,
		    "too open; run: chmod 700");
	CHECK_OK(fs_replace_file(file, "x", 1, 0600, &err), &err);
	assert_true(kernel_store_open(file, &err) < 0);
	if (geteuid() == 0) {
		assert_int_equal(chmod(f.root, 0700), 0);
		assert_int_equal(chown(f.root, 12345, 12345), 0);
		CHECK_FAILS(kernel_store_open(f.root, &err), &err,
			    ERR_PERMISSION, "another user");
	}
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_package_becomes_a_kernel),
		cmocka_unit_test(test_without_pvh_the_boot_image_is_kept),
		cmocka_unit_test(test_another_package_is_refused),
		cmocka_unit_test(test_a_touched_kernel_is_hashed_again_once),
		cmocka_unit_test(test_a_tampered_kernel_is_made_anew),
		cmocka_unit_test(test_a_damaged_manifest_is_a_miss),
		cmocka_unit_test(test_a_kernel_that_is_a_link_is_a_miss),
		cmocka_unit_test(test_prune_keeps_the_version_and_the_lock),
		cmocka_unit_test(test_a_store_that_others_reach_is_refused),
	};

	return RUN_TESTS(tests);
}
