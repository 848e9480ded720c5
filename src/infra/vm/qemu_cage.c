// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_cage.c - list what QEMU needs.
 *
 * Everything of the session itself (initramfs, scratch disk, sockets) is
 * inherited as a descriptor and needs no rule; nor does the link in /proc by
 * which QEMU opens the initramfs again, as only what it leads to counts, and
 * that is on no file system.
 */
#include "infra/vm/qemu_cage.h"

#include <string.h>

#include "base/mem.h"

static const char *const system_paths[] = {
	"/lib",
	"/lib64",
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/usr/share/qemu",
	"/usr/share/seabios",
	"/etc/ld.so.cache",
	"/etc/ld.so.preload",
	/* Whom QEMU's resolver for the guest asks. */
	"/etc/resolv.conf",
	"/dev/urandom",
	"/sys/devices/system/cpu",
};

/* Of a QEMU that somebody built, below its prefix. */
static const char *const prefix_paths[] = { "lib", "lib64", "share/qemu" };

static_assert(ARRAY_SIZE(system_paths) + ARRAY_SIZE(prefix_paths) +
			      4 /* binary, kernel, two devices */ +
			      IMAGE_LAYERS_MAX + 1 <=
		      QEMU_CAGE_RULES_MAX,
	      "QEMU_CAGE_RULES_MAX is too small");

static void add(struct qemu_cage *cage, const char *path, bool writable)
{
	assert(cage->count < QEMU_CAGE_RULES_MAX - 1);
	cage->rules[cage->count++] = (struct proc_cage_rule){
		.path = path,
		.writable = writable,
	};
}

/* The length of the directory two above @binary; 0 when there is none. */
static size_t prefix_len(const char *binary)
{
	const char *slash = strrchr(binary, '/');
	size_t len = slash ? (size_t)(slash - binary) : 0;

	while (len > 0 && binary[len - 1] != '/')
		len--;
	/* Without the slash; "/bin/qemu" has the root as its prefix. */
	return len > 0 ? len - 1 : 0;
}

static void add_prefix(struct qemu_cage *cage, const char *binary)
{
	size_t len = prefix_len(binary);
	size_t first = cage->paths.n;

	if (!len)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(prefix_paths); i++)
		strv_addf(&cage->paths, "%.*s/%s", (int)len, binary,
			  prefix_paths[i]);
	for (size_t i = first; i < cage->paths.n; i++)
		add(cage, cage->paths.v[i], false);
}

void qemu_cage_build(const char *binary, const struct vm_config *cfg,
		     enum vm_accel accel, struct qemu_cage *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_paths); i++)
		add(out, system_paths[i], false);
	add_prefix(out, binary);
	add(out, binary, false);
	add(out, cfg->kernel->image_path, false);
	for (size_t i = 0; i < cfg->image->layer_count; i++)
		add(out, cfg->image->layers[i].path, false);
	add(out, "/dev/null", true);
	if (accel == VM_ACCEL_KVM)
		add(out, "/dev/kvm", true);
}

void qemu_cage_release(struct qemu_cage *cage)
{
	strv_release(&cage->paths);
	*cage = QEMU_CAGE_INIT;
}
