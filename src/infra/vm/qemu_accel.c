// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_accel.c - find out whether KVM is usable, and say what would help.
 */
#include "infra/vm/qemu_accel.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "infra/sys/fd.h"

#define KVM_DEVICE "/dev/kvm"
#define CPUINFO	   "/proc/cpuinfo"
/* The first CPU is enough, and its entry is a few KiB. */
#define CPUINFO_MAX ((size_t)16 * 1024)

/* clang-format off */
static const char no_cpu[] =
	"the CPU advertises neither vmx nor svm, so that /dev/kvm cannot run "
	"a guest: enable virtualisation in the firmware, or nested "
	"virtualisation on the host of this machine";
static const char no_device[] =
	"/dev/kvm does not exist: enable virtualisation in the firmware and "
	"run 'modprobe kvm_intel' or 'modprobe kvm_amd'";
static const char no_permission[] =
	"no permission to open /dev/kvm: add yourself to its group with "
	"'sudo usermod -aG kvm $USER' and log in again";
static const char no_module[] =
	"/dev/kvm does not open: check that the kvm modules are loaded";
/* clang-format on */

static const char *why_not_kvm(const struct qemu_accel_facts *facts)
{
	switch (facts->kvm_errno) {
	case 0:
		return facts->cpu_virt ? NULL : no_cpu;
	case ENOENT:
		return no_device;
	case EACCES:
	case EPERM:
		return no_permission;
	default:
		return no_module;
	}
}

int qemu_accel_choose(enum vm_accel want, const struct qemu_accel_facts *facts,
		      enum vm_accel *out, const char **reason, struct err *err)
{
	const char *why_not = why_not_kvm(facts);

	if (want == VM_ACCEL_KVM && why_not)
		return err_set(err, ERR_UNSUPPORTED, "KVM is not usable: %s",
			       why_not);
	*out = want == VM_ACCEL_TCG || why_not ? VM_ACCEL_TCG : VM_ACCEL_KVM;
	*reason = want == VM_ACCEL_AUTO ? why_not : NULL;
	return 0;
}

bool qemu_accel_cpu_virt(struct span cpuinfo)
{
	struct span line, key, word;

	while (span_take_until(&cpuinfo, '\n', &line)) {
		if (!span_take_until(&line, ':', &key) || key.len < 5 ||
		    memcmp(key.p, "flags", 5))
			continue;
		while (span_take_until(&line, ' ', &word)) {
			if (span_equals(word, "vmx") ||
			    span_equals(word, "svm"))
				return true;
		}
		return false;
	}
	return false;
}

#if defined(__x86_64__)
static bool probe_cpu(void)
{
	char text[CPUINFO_MAX];
	size_t len = 0;
	auto_close int fd = open(CPUINFO, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	while (len < sizeof(text)) {
		n = read(fd, text + len, sizeof(text) - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return qemu_accel_cpu_virt((struct span){ text, len });
}
#else
/* Elsewhere a kernel that cannot virtualise has no /dev/kvm. */
static bool probe_cpu(void)
{
	return true;
}
#endif

void qemu_accel_probe(struct qemu_accel_facts *out)
{
	auto_close int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);

	out->kvm_errno = fd < 0 ? errno : 0;
	out->cpu_virt = probe_cpu();
}
