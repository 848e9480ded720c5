// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_accel_test.c - which accelerator, and what the user is told.
 */
#include "infra/vm/qemu_accel.h"

#include <errno.h>
#include <string.h>

#include "support/check.h"

/* clang-format off */
static const struct accel_case {
	const char *name;
	enum vm_accel want;
	struct qemu_accel_facts facts;
	enum vm_accel got;	/* VM_ACCEL_AUTO: refused */
	const char *text;	/* in the reason or the error; NULL: none */
} accel_cases[] = {
	{ "auto, usable", VM_ACCEL_AUTO, { 0, true }, VM_ACCEL_KVM, NULL },
	{ "auto, absent", VM_ACCEL_AUTO, { ENOENT, true }, VM_ACCEL_TCG,
	  "modprobe kvm_intel" },
	{ "auto, forbidden", VM_ACCEL_AUTO, { EACCES, true }, VM_ACCEL_TCG,
	  "usermod -aG kvm" },
	{ "auto, opens on a CPU that cannot", VM_ACCEL_AUTO, { 0, false },
	  VM_ACCEL_TCG, "neither vmx nor svm" },
	{ "auto, broken", VM_ACCEL_AUTO, { ENODEV, true }, VM_ACCEL_TCG,
	  "does not open" },
	{ "kvm, usable", VM_ACCEL_KVM, { 0, true }, VM_ACCEL_KVM, NULL },
	{ "kvm, absent", VM_ACCEL_KVM, { ENOENT, false }, VM_ACCEL_AUTO,
	  "KVM is not usable: /dev/kvm does not exist" },
	{ "kvm, opens on a CPU that cannot", VM_ACCEL_KVM, { 0, false },
	  VM_ACCEL_AUTO, "neither vmx nor svm" },
	{ "tcg, though KVM is usable", VM_ACCEL_TCG, { 0, true },
	  VM_ACCEL_TCG, NULL },
	{ "tcg asked for: no complaint", VM_ACCEL_TCG, { ENOENT, false },
	  VM_ACCEL_TCG, NULL },
};

static const struct cpu_case {
	const char *name, *text;
	bool want;
} cpu_cases[] = {
	{ "intel", "processor\t: 0\nflags\t\t: fpu vmx est\n", true },
	{ "amd, last word", "flags\t\t: fpu svm\n", true },
	{ "neither", "flags\t\t: fpu vme\nbugs\t\t: svm\n", false },
	{ "only part of a word", "flags\t\t: svm_lock xvmx\n", false },
	{ "vmx flags are another line", "vmx flags\t: vnmi\nflags\t: fpu\n",
	  false },
	{ "empty", "", false },
	{ "no end of line", "flags\t\t: vmx", true },
};
/* clang-format on */

static void test_accelerator_follows_facts(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(accel_cases); i++) {
		const struct accel_case *c = &accel_cases[i];
		enum vm_accel got = VM_ACCEL_AUTO;
		const char *reason = NULL, *text;
		struct err err = ERR_INIT;
		int r = qemu_accel_choose(c->want, &c->facts, &got, &reason,
					  &err);

		CHECK((r < 0) == (c->got == VM_ACCEL_AUTO), "%s: %d", c->name,
		      r);
		CHECK(got == c->got, "%s: got '%s'", c->name,
		      vm_accel_name(got));
		CHECK(r == 0 || err.kind == ERR_UNSUPPORTED, "%s: kind %s",
		      c->name, err_kind_name(err.kind));
		text = r < 0 ? err.msg : reason;
		CHECK(c->text ? text && strstr(text, c->text) : !text,
		      "%s: '%s'", c->name, text ? text : "(none)");
	}
}

static void test_cpu_flags_are_whole_words(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpu_cases); i++) {
		const struct cpu_case *c = &cpu_cases[i];

		CHECK(qemu_accel_cpu_virt(SPAN_STR(c->text)) == c->want, "%s",
		      c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accelerator_follows_facts),
		cmocka_unit_test(test_cpu_flags_are_whole_words),
	};

	return RUN_TESTS(tests);
}
