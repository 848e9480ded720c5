// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_cage_test.c - what QEMU may reach, and what it may not.
 */
#include "infra/vm/qemu_cage.h"

#include <string.h>

#include "support/check.h"

static struct kernel kernel = { .image_path = (char[]){ "/cache/vmlinux" } };

static const struct proc_cage_rule *find(const struct qemu_cage *cage,
					 const char *path)
{
	for (size_t i = 0; i < cage->count; i++) {
		if (!strcmp(cage->rules[i].path, path))
			return &cage->rules[i];
	}
	return NULL;
}

/* clang-format off */
static const struct cage_case {
	const char *name, *binary;
	enum vm_accel accel;
	const char *path;
	bool allowed, writable;
} cage_cases[] = {
	{ "kernel", "/usr/bin/q", VM_ACCEL_TCG, "/cache/vmlinux", true,
	  false },
	{ "layer", "/usr/bin/q", VM_ACCEL_TCG, "/cache/l.sqfs", true, false },
	{ "binary", "/usr/bin/q", VM_ACCEL_TCG, "/usr/bin/q", true, false },
	{ "firmware", "/usr/bin/q", VM_ACCEL_TCG, "/usr/share/qemu", true,
	  false },
	{ "firmware elsewhere", "/opt/qemu/bin/q", VM_ACCEL_TCG,
	  "/opt/qemu/share/qemu", true, false },
	{ "no prefix at the root", "/bin/q", VM_ACCEL_TCG, "/share/qemu",
	  false, false },
	{ "kvm with KVM", "/usr/bin/q", VM_ACCEL_KVM, "/dev/kvm", true, true },
	{ "kvm without", "/usr/bin/q", VM_ACCEL_TCG, "/dev/kvm", false,
	  false },
	{ "workspace", "/usr/bin/q", VM_ACCEL_TCG, "/home/u/p", false, false },
	{ "session data", "/usr/bin/q", VM_ACCEL_TCG, "/data", false, false },
	{ "other processes", "/usr/bin/q", VM_ACCEL_TCG, "/proc", false,
	  false },
	{ "everything", "/bin/q", VM_ACCEL_TCG, "/", false, false },
	{ "an empty path", "/bin/q", VM_ACCEL_TCG, "", false, false },
};
/* clang-format on */

static void test_only_what_qemu_needs(void **state unused)
{
	static const struct vm_share share = { .tag = "w",
					       .path = "/home/u/p" };
	struct image image = IMAGE_INIT;
	const struct vm_config cfg = {
		.data_dir = "/data",
		.image = &image,
		.kernel = &kernel,
		.shares = &share,
		.share_count = 1,
	};

	image.layers[0].path = (char[]){ "/cache/l.sqfs" };
	image.layer_count = 1;
	for (size_t i = 0; i < ARRAY_SIZE(cage_cases); i++) {
		const struct cage_case *c = &cage_cases[i];
		auto_qemu_cage struct qemu_cage cage = QEMU_CAGE_INIT;
		const struct proc_cage_rule *rule;

		qemu_cage_build(c->binary, &cfg, c->accel, &cage);
		rule = find(&cage, c->path);
		CHECK(!!rule == c->allowed, "%s: '%s'", c->name, c->path);
		CHECK(!rule || rule->writable == c->writable, "%s: writable",
		      c->name);
	}
}

static void test_rules_fit_and_end(void **state unused)
{
	auto_qemu_cage struct qemu_cage cage = QEMU_CAGE_INIT;
	struct image image = IMAGE_INIT;
	const struct vm_config cfg = { .image = &image, .kernel = &kernel };

	for (size_t i = 0; i < IMAGE_LAYERS_MAX; i++)
		image.layers[i].path = (char[]){ "/l" };
	image.layer_count = IMAGE_LAYERS_MAX;
	qemu_cage_build("/opt/q/bin/q", &cfg, VM_ACCEL_KVM, &cage);
	CHECK(cage.count < QEMU_CAGE_RULES_MAX, "%zu rules", cage.count);
	CHECK(!cage.rules[cage.count].path, "no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_qemu_needs),
		cmocka_unit_test(test_rules_fit_and_end),
	};

	return RUN_TESTS(tests);
}
