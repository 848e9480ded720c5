// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_initrd_test.c - what the guest finds in its archive.
 */
#include "infra/vm/qemu_initrd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_config.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define DNS	   "192.168.127.3"
#define HEADER_LEN 110

/* One entry, read independently of the writer. */
struct entry {
	unsigned long mode, uid, gid;
	size_t len;
	const char *data;
};

static unsigned long hex(const char *p, unsigned int field)
{
	char digits[9] = "";

	memcpy(digits, p + 6 + 8 * field, 8);
	return strtoul(digits, NULL, 16);
}

static size_t up4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static bool find(const char *p, size_t len, const char *path, struct entry *out)
{
	size_t at = 0;

	while (at + HEADER_LEN <= len) {
		const char *h = p + at;
		size_t name_len = hex(h, 11);
		size_t data = up4(HEADER_LEN + name_len);

		if (memcmp(h, "070701", 6))
			return false;
		*out = (struct entry){ hex(h, 1), hex(h, 2), hex(h, 3),
				       hex(h, 6), h + data };
		if (!strcmp(h + HEADER_LEN, path))
			return true;
		at += data + up4(out->len);
	}
	return false;
}

static struct vm_config test_config(struct image *image)
{
	static const struct vm_share shares[] = {
		{ .tag = GUEST_WORKSPACE_TAG,
		  .path = "/p",
		  .mode = VM_SHARE_RW },
		{ .tag = "objects", .path = "/o", .mount_at = "/mnt/o" },
		{ .tag = "unmounted", .path = "/u" },
	};
	static const struct vm_file files[] = {
		{ "home/sandbox/.config", S_IFDIR | 0700, 1000, 1000, NULL, 0 },
		{ "home/sandbox/.config/token", S_IFREG | 0600, 1000, 1000,
		  "secret", 6 },
		{ "etc/motd", S_IFREG | 0644, 0, 0, "hi\n", 3 },
	};

	return (struct vm_config){
		.image = image,
		.hostname = "box",
		.tmp_mib = 512,
		.shares = shares,
		.share_count = ARRAY_SIZE(shares),
		.files = files,
		.file_count = ARRAY_SIZE(files),
		.env = "export A='b'\n",
		.authorized_key = "ssh-ed25519 AAAA",
		.host_key = "-----BEGIN",
	};
}

/* clang-format off */
static const struct file_case {
	const char *path;
	unsigned long mode, uid;
	const char *data; /* NULL: a directory */
} file_cases[] = {
	{ "bbox", S_IFDIR | 0755, 0, NULL },
	{ "bbox/env", S_IFREG | 0400, 0, "export A='b'\n" },
	{ "bbox/authorized_keys", S_IFREG | 0400, 0, "ssh-ed25519 AAAA" },
	{ "bbox/ssh_host_key", S_IFREG | 0400, 0, "-----BEGIN" },
	{ "bbox/root/home", S_IFDIR | 0755, 0, NULL },
	{ "bbox/root/home/sandbox/.config", S_IFDIR | 0700, 1000, NULL },
	{ "bbox/root/home/sandbox/.config/token", S_IFREG | 0600, 1000,
	  "secret" },
	{ "bbox/root/etc/motd", S_IFREG | 0644, 0, "hi\n" },
};
/* clang-format on */

static void test_session_archive_has_everything(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(INITRD_SESSION_MAX);
	struct image image = IMAGE_INIT;
	struct vm_config cfg = test_config(&image);
	struct err err = ERR_INIT;
	struct entry e;

	CHECK_OK(qemu_initrd_session(&cfg, DNS, &out, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
		const struct file_case *c = &file_cases[i];
		size_t len = c->data ? strlen(c->data) : 0;

		CHECK(find(out.data, out.len, c->path, &e), "no '%s'", c->path);
		CHECK(e.mode == c->mode && e.uid == c->uid && e.gid == c->uid,
		      "%s: mode 0%lo, %lu:%lu", c->path, e.mode, e.uid, e.gid);
		CHECK(e.len == len && !memcmp(e.data, c->data ?: "", len),
		      "%s: '%.*s'", c->path, (int)e.len, e.data);
	}
}

static void test_guest_config_tells_the_session(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(INITRD_SESSION_MAX);
	struct guest_config guest = GUEST_CONFIG_INIT;
	struct image image = IMAGE_INIT;
	struct vm_config cfg = test_config(&image);
	struct err err = ERR_INIT;
	struct entry e;

	image.layer_count = 3;
	strv_add(&image.env, "LANG=C");
	CHECK_OK(qemu_initrd_session(&cfg, DNS, &out, &err), &err);
	CHECK(find(out.data, out.len, GUEST_CONFIG, &e), "no config");
	CHECK_OK(
		guest_config_read((struct span){ e.data, e.len }, &guest, &err),
		&err);
	CHECK(guest.layer_count == 3, "%u layers", guest.layer_count);
	CHECK(guest.tmp_mib == 512, "%u MiB", guest.tmp_mib);
	CHECK(guest.has_workspace && !guest.workspace_read_only, "workspace");
	CHECK(guest.mounts.n == 1 &&
		      !strcmp(guest.mounts.v[0], "ro objects /mnt/o"),
	      "mounts");
	CHECK(!strcmp(guest.hostname, "box"), "'%s'", guest.hostname);
	CHECK(!strcmp(guest.dns, DNS), "'%s'", guest.dns);
	CHECK(strv_contains(&guest.image_env, "LANG=C"), "no image env");
	CHECK(strv_contains(&guest.hosts, "192.168.127.1 host.bbox.internal"),
	      "no host");
	guest_config_release(&guest);
	strv_release(&image.env);
}

/* clang-format off */
static const struct refusal_case {
	const char *name, *path;
	uint32_t mode;
	enum err_kind kind;
} refusal_cases[] = {
	{ "climbs out", "../../init", S_IFREG | 0755, ERR_INVALID },
	{ "absolute", "/etc/passwd", S_IFREG | 0644, ERR_INVALID },
	{ "a device", "dev/kmem", S_IFCHR | 0600, ERR_INVALID },
	{ "no name", "", S_IFREG | 0644, ERR_INVALID },
};
/* clang-format on */

static void test_bad_files_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		const struct vm_file file = { .path = c->path,
					      .mode = c->mode };
		auto_buf struct buf out = BUF_INIT(INITRD_SESSION_MAX);
		struct image image = IMAGE_INIT;
		struct vm_config cfg = test_config(&image);
		struct err err = ERR_INIT;

		cfg.files = &file;
		cfg.file_count = 1;
		CHECK(qemu_initrd_session(&cfg, DNS, &out, &err) < 0,
		      "%s: accepted", c->name);
		CHECK(err.kind == c->kind, "%s: '%s'", c->name, err.msg);
	}
}

/* 5 bytes, so that padding is needed. */
#define SHARED "07070"

static void test_both_archives_are_sealed_in_memory(void **state unused)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *dir = NULL, *path = NULL;
	struct image image = IMAGE_INIT;
	struct vm_config cfg = test_config(&image);
	struct err err = ERR_INIT;
	auto_close int fd = -1;
	struct entry e;
	struct stat st;
	char *p;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "initrd-", &dir, &err),
		 &err);
	path = xasprintf("%s/initramfs", dir);
	CHECK_OK(fs_replace_file(path, SHARED, strlen(SHARED), 0600, &err),
		 &err);
	cfg.initramfs_path = path;
	fd = qemu_initrd_open(&cfg, DNS, &err);
	CHECK_OK(fd, &err);
	CHECK_OK(fs_remove_tree(dir, &err), &err);
	assert_int_equal(fstat(fd, &st), 0);
	CHECK(st.st_size % 4 == 0, "%lld bytes", (long long)st.st_size);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED, "mmap");
	CHECK(!memcmp(p, SHARED "\0\0\0", 8), "shared part");
	CHECK(find(p + 8, (size_t)st.st_size - 8, GUEST_CONFIG, &e),
	      "no session archive at 8");
	munmap(p, (size_t)st.st_size);
	CHECK(pwrite(fd, "x", 1, 0) < 0, "can be written");
	CHECK(ftruncate(fd, 0) < 0, "can be cut");
}

static void test_missing_initramfs_is_named(void **state unused)
{
	struct image image = IMAGE_INIT;
	struct vm_config cfg = test_config(&image);
	struct err err = ERR_INIT;

	cfg.initramfs_path = "/nonexistent/initramfs";
	CHECK_FAILS(qemu_initrd_open(&cfg, DNS, &err), &err, ERR_NOT_FOUND,
		    "/nonexistent/initramfs");
	cfg.initramfs_path = "/dev/zero";
	CHECK_FAILS(qemu_initrd_open(&cfg, DNS, &err), &err, ERR_INVALID,
		    "/dev/zero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_archive_has_everything),
		cmocka_unit_test(test_guest_config_tells_the_session),
		cmocka_unit_test(test_bad_files_are_refused),
		cmocka_unit_test(test_both_archives_are_sealed_in_memory),
		cmocka_unit_test(test_missing_initramfs_is_named),
	};

	return RUN_TESTS(tests);
}
