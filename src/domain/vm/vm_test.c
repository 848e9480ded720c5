// SPDX-License-Identifier: Apache-2.0
/*
 * vm_test.c - which microVMs can exist.
 */
#include "domain/vm/vm.h"

#include <string.h>

#include "support/check.h"

static struct image image = { .layer_count = 1 };
static char kernel_path[] = "/k";
static const struct kernel kernel = { .image_path = kernel_path };
static const struct vm_share workspace[] = {
	{ .tag = "workspace", .path = "/w" },
	{ .tag = "cache-2", .path = "/c", .mode = VM_SHARE_RO },
	{ .tag = "direct", .path = "/d", .mode = VM_SHARE_RW },
	{ .tag = "cow", .path = "/e", .mode = VM_SHARE_COW, .state_dir = "/s" },
};
static const struct vm_file files[] = {
	{ .path = "etc/x", .mode = 0100600, .data = "x", .len = 1 },
	{ .path = "home/d", .mode = 0040700 },
};

static struct vm_config good_config(void)
{
	return (struct vm_config){
		.name = "sandbox-a-1",
		.data_dir = "/d",
		.image = &image,
		.kernel = &kernel,
		.initramfs_path = "/i",
		.cpus = 2,
		.mem_mib = 4096,
		.tmp_mib = 512,
		.hostname = "bbox",
		.shares = workspace,
		.share_count = ARRAY_SIZE(workspace),
		.files = files,
		.file_count = ARRAY_SIZE(files),
		.authorized_key = "ssh-ed25519 AAAA",
		.host_key = "-----BEGIN",
	};
}

static void test_good_config_passes(void **state unused)
{
	struct vm_config cfg = good_config();
	struct err err = ERR_INIT;

	CHECK_OK(vm_config_check(&cfg, &err), &err);
	cfg.cpus = VM_CPUS_MAX;
	cfg.mem_mib = VM_MEM_MIB_MAX;
	cfg.tmp_mib = VM_TMP_MIB_MAX;
	cfg.share_count = 0;
	cfg.file_count = 0;
	CHECK_OK(vm_config_check(&cfg, &err), &err);
}

/* Each spoils one field; the message must contain the text. */
#define REFUSED(field, value, kind, text)                                   \
	do {                                                                \
		struct vm_config cfg = good_config();                       \
		struct err err = ERR_INIT;                                  \
                                                                            \
		cfg.field = (value);                                        \
		CHECK_FAILS(vm_config_check(&cfg, &err), &err, kind, text); \
	} while (0)

static void test_missing_fields_are_named(void **state unused)
{
	static const struct kernel no_kernel;

	REFUSED(name, NULL, ERR_INVALID, "no name");
	REFUSED(data_dir, "", ERR_INVALID, "no data_dir");
	REFUSED(initramfs_path, NULL, ERR_INVALID, "no initramfs_path");
	REFUSED(hostname, NULL, ERR_INVALID, "no hostname");
	REFUSED(authorized_key, NULL, ERR_INVALID, "no authorized_key");
	REFUSED(host_key, "", ERR_INVALID, "no host_key");
	REFUSED(kernel, NULL, ERR_INVALID, "no kernel");
	REFUSED(kernel, &no_kernel, ERR_INVALID, "no kernel");
	REFUSED(image, NULL, ERR_INVALID, "no image layers");
}

static void test_sizes_out_of_range_are_named(void **state unused)
{
	REFUSED(cpus, 0, ERR_LIMIT, "cpus 0 is not 1 to 128");
	REFUSED(cpus, 129, ERR_LIMIT, "cpus 129");
	REFUSED(mem_mib, 127, ERR_LIMIT, "mem_mib 127");
	REFUSED(mem_mib, VM_MEM_MIB_MAX + 1, ERR_LIMIT, "mem_mib");
	REFUSED(tmp_mib, VM_TMP_MIB_MAX + 1, ERR_LIMIT, "tmp_mib");
	REFUSED(share_count, VM_SHARES_MAX + 1, ERR_LIMIT, "shares");
	REFUSED(file_count, 4097, ERR_LIMIT, "files");
	image.layer_count = IMAGE_LAYERS_MAX + 1;
	REFUSED(cpus, 2, ERR_LIMIT, "image layers");
	image.layer_count = 0;
	REFUSED(cpus, 2, ERR_INVALID, "no image layers");
	image.layer_count = 1;
}

static void test_bad_values_are_refused(void **state unused)
{
	REFUSED(accel, VM_ACCEL_COUNT, ERR_INVALID, "unknown accelerator");
	REFUSED(data_dir, "d", ERR_INVALID, "data_dir 'd' is not absolute");
	REFUSED(hostname, "a b", ERR_INVALID, "bad hostname");
	REFUSED(hostname, "-a", ERR_INVALID, "bad hostname");
	REFUSED(hostname, "a\n", ERR_INVALID, "bad hostname");
	REFUSED(hostname, "a.b", ERR_INVALID, "bad hostname");
	REFUSED(hostname,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		ERR_INVALID, "bad hostname");
}

static const struct share_case {
	struct vm_share shares[2];
	const char *text;
} share_cases[] = {
	{ { { .tag = "a", .path = "w" } }, "not absolute" },
	{ { { .tag = "a", .path = NULL } }, "not absolute" },
	{ { { .tag = NULL, .path = "/w" } }, "bad tag" },
	{ { { .tag = "", .path = "/w" } }, "bad tag" },
	{ { { .tag = "a,path=/etc", .path = "/w" } }, "bad tag" },
	{ { { .tag = "a234567890a234567890a234567890a234567", .path = "/w" } },
	  "bad tag" },
	{ { { .tag = "a", .path = "/w" }, { .tag = "a", .path = "/x" } },
	  "share 'a' is given twice" },
	{ { { .tag = "a", .path = "/w", .mount_at = "mnt" } },
	  "share 'a': bad mount point" },
	{ { { .tag = "a", .path = "/w", .mount_at = "/mnt/../etc" } },
	  "share 'a': bad mount point" },
	{ { { .tag = "a", .path = "/w", .mode = VM_SHARE_MODE_COUNT } },
	  "share 'a': unknown mode" },
	{ { { .tag = "a", .path = "/w", .mode = VM_SHARE_COW } },
	  "share 'a': state_dir" },
	{ { { .tag = "a",
	      .path = "/w",
	      .mode = VM_SHARE_COW,
	      .state_dir = "s" } },
	  "share 'a': state_dir" },
	{ { { .tag = "a",
	      .path = "/w",
	      .mode = VM_SHARE_RW,
	      .exclude = (const struct exclude *)&image } },
	  "share 'a': cannot hide" },
};

static void test_bad_shares_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(share_cases); i++) {
		struct vm_config cfg = good_config();
		struct err err = ERR_INIT;

		cfg.shares = share_cases[i].shares;
		cfg.share_count = share_cases[i].shares[1].path ? 2 : 1;
		CHECK_FAILS(vm_config_check(&cfg, &err), &err, ERR_INVALID,
			    share_cases[i].text);
	}
}

static const struct file_case {
	struct vm_file file;
	const char *text;
} file_cases[] = {
	{ { .path = NULL, .mode = 0100600 }, "bad path" },
	{ { .path = "/etc/x", .mode = 0100600 }, "bad path" },
	{ { .path = "../x", .mode = 0100600 }, "bad path" },
	{ { .path = "a/../x", .mode = 0100600 }, "bad path" },
	{ { .path = "a/", .mode = 0100600 }, "bad path" },
	{ { .path = "a", .mode = 0600 }, "bad type" },
	{ { .path = "a", .mode = 0060600 }, "bad type" },
	{ { .path = "a", .mode = 0100600, .len = 1 }, "no data" },
};

static void test_bad_files_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
		struct vm_config cfg = good_config();
		struct err err = ERR_INIT;

		cfg.files = &file_cases[i].file;
		cfg.file_count = 1;
		CHECK_FAILS(vm_config_check(&cfg, &err), &err, ERR_INVALID,
			    file_cases[i].text);
	}
}

static void test_accelerators_have_names(void **state unused)
{
	enum vm_accel accel = VM_ACCEL_COUNT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < VM_ACCEL_COUNT; i++) {
		CHECK_OK(vm_accel_parse(vm_accel_name((enum vm_accel)i), &accel,
					&err),
			 &err);
		CHECK(accel == (enum vm_accel)i, "%zu", i);
	}
	CHECK_FAILS(vm_accel_parse("xen\x1b", &accel, &err), &err, ERR_INVALID,
		    "accelerator 'xen\\x1b' is none of auto, kvm, tcg");
	CHECK_FAILS(vm_accel_parse("", &accel, &err), &err, ERR_INVALID,
		    "auto, kvm, tcg");
	CHECK(!strcmp(vm_accel_name(VM_ACCEL_COUNT), "unknown"), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_config_passes),
		cmocka_unit_test(test_missing_fields_are_named),
		cmocka_unit_test(test_sizes_out_of_range_are_named),
		cmocka_unit_test(test_bad_values_are_refused),
		cmocka_unit_test(test_bad_shares_are_refused),
		cmocka_unit_test(test_bad_files_are_refused),
		cmocka_unit_test(test_accelerators_have_names),
	};

	return RUN_TESTS(tests);
}
