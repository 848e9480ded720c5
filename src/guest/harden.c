// SPDX-License-Identifier: Apache-2.0
/*
 * harden.c - what the guest gives up, stage by stage.
 */
#include "guest/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "domain/vm/guest_paths.h"
#include "guest/seccomp.h"
#include "infra/sys/fd.h"

#define LAST_CAPABILITY_DEFAULT 41
#define SYSCTL_PATH_MAX		128 /* bytes */
#define OPEN_FILES_SOFT		65536
#define OPEN_FILES_HARD		524288

static const struct {
	const char *key, *value;
} sysctls[] = {
	{ "kernel.kptr_restrict", "2" },
	{ "kernel.dmesg_restrict", "1" },
	{ "kernel.unprivileged_bpf_disabled", "1" },
	{ "kernel.perf_event_paranoid", "3" },
	{ "kernel.yama.ptrace_scope", "2" },
	{ "net.core.bpf_jit_harden", "2" },
	{ "kernel.sysrq", "0" },
};

bool harden_keeps(int capability)
{
	return capability == CAP_SETGID || capability == CAP_SETUID ||
	       capability == CAP_NET_BIND_SERVICE;
}

int harden_sysctl_path(const char *key, char *out, size_t size, struct err *err)
{
	int n = snprintf(out, size, "/proc/sys/%s", key);

	if (n < 0 || (size_t)n >= size)
		return err_set(err, ERR_LIMIT, "setting '%s' is too long", key);
	for (char *p = out; *p; p++) {
		if (*p == '.')
			*p = '/';
	}
	return 0;
}

int harden_last_capability(struct span text)
{
	char number[8] = "";
	uint64_t value;

	while (text.len && ((const char *)text.p)[text.len - 1] == '\n')
		text.len--;
	if (text.len >= sizeof(number))
		return LAST_CAPABILITY_DEFAULT;
	memcpy(number, text.p, text.len);
	if (!text_parse_u64(number, 63, &value))
		return LAST_CAPABILITY_DEFAULT;
	return (int)value;
}

static int write_file(const char *path, const char *text, struct err *err)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	return fd_write_all(fd, text, strlen(text), err);
}

static int set_limits(struct err *err)
{
	const struct rlimit files = { .rlim_cur = OPEN_FILES_SOFT,
				      .rlim_max = OPEN_FILES_HARD };

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(err, errno, "set the limit of open files");
	return 0;
}

static int close_root_home(int root, struct err *err)
{
	int fd = openat(root, "root",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open '/root'");
	r = fchmod(fd, 0700);
	fd_close(&fd);
	return r < 0 ? err_sys(err, errno, "change the mode of '/root'") : 0;
}

int harden_kernel(int root, struct strv *refused, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		char path[SYSCTL_PATH_MAX];

		if (harden_sysctl_path(sysctls[i].key, path, sizeof(path),
				       err) < 0)
			return -1;
		/* The name says enough. */
		if (write_file(path, sysctls[i].value, ERR_IGNORE) < 0)
			strv_add(refused, sysctls[i].key);
	}
	/* An image without /root has nothing to hide there. */
	if (close_root_home(root, ERR_IGNORE) < 0)
		strv_add(refused, "mode of /root");
	return set_limits(err);
}

static int last_capability(void)
{
	int fd = open("/proc/sys/kernel/cap_last_cap", O_RDONLY | O_CLOEXEC);
	char text[16];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	fd_close(&fd);
	return harden_last_capability(
		(struct span){ .p = text, .len = n < 0 ? 0 : (size_t)n });
}

int harden_privileges(struct err *err)
{
	int last = last_capability();

	for (int cap = 0; cap <= last; cap++) {
		/* EINVAL: the number was a guess, this kernel has fewer. */
		if (!harden_keeps(cap) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return err_sys(err, errno, "drop capability %d", cap);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "set no_new_privs");
	return 0;
}

static int set_capabilities(uint32_t mask, struct err *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct data[2] = {
		{ .effective = mask, .permitted = mask },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return err_sys(err, errno, "give up capabilities");
	return 0;
}

int harden_connection(struct err *err)
{
	/* SETUID and SETGID become the user; KILL signals its processes. */
	if (set_capabilities(CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_SETGID) |
				     CAP_TO_MASK(CAP_KILL),
			     err) < 0)
		return -1;
	return seccomp_install(err);
}

int harden_session(struct err *err)
{
	if (setgroups(0, NULL) < 0 ||
	    setresgid(GUEST_GID, GUEST_GID, GUEST_GID) < 0 ||
	    setresuid(GUEST_UID, GUEST_UID, GUEST_UID) < 0)
		return err_sys(err, errno, "become the user");
	return 0;
}
