// SPDX-License-Identifier: Apache-2.0
/*
 * proc_cage.c - reduce the file system a process can reach, with Landlock.
 *
 * Runs between fork and exec: system calls only.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/sys/proc_child.h"

/* Of kernels younger than the headers we support: 6.2 and 6.10. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

/* No abstract sockets, no signals beyond the cage; 6.12. */
#define SCOPE_ALL UINT64_C(3)

/* struct landlock_ruleset_attr as of ABI 6, see there. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define ACCESS_READ                                                  \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_READ_DIR)
/* What makes sense for something that is not a directory. */
#define ACCESS_FILE                                                    \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |   \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | \
	 LANDLOCK_ACCESS_FS_IOCTL_DEV)
#define ACCESS_DEVICES \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* All file system rights that a version of the interface knows. */
static uint64_t known_rights(long abi)
{
	if (abi >= 5)
		return (LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1;
	if (abi >= 3)
		return (LANDLOCK_ACCESS_FS_TRUNCATE << 1) - 1;
	if (abi >= 2)
		return (LANDLOCK_ACCESS_FS_REFER << 1) - 1;
	return (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
}

static int add_rule(int ruleset, const struct proc_cage_rule *rule,
		    uint64_t handled)
{
	auto_close int fd = open(rule->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr attr = {
		.allowed_access = ACCESS_READ,
		.parent_fd = fd,
	};
	struct stat st;

	/* What cannot even be looked up needs no rule. */
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : -1;
	if (fstat(fd, &st) < 0)
		return -1;
	if (rule->writable)
		attr.allowed_access = handled & ~(uint64_t)ACCESS_DEVICES;
	if (!S_ISDIR(st.st_mode))
		attr.allowed_access &= ACCESS_FILE;
	return syscall(SYS_landlock_add_rule, ruleset,
		       LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0
		       ? -1
		       : 0;
}

int proc_cage_enter(const struct proc_cage_rule *rules)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attr attr = { .handled_access_fs = known_rights(abi) };
	/* An older kernel refuses fields that it does not know. */
	size_t size = offsetof(struct ruleset_attr, handled_access_net);
	auto_close int ruleset = -1;

	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
	if (abi >= 6) {
		attr.scoped = SCOPE_ALL;
		size = sizeof(attr);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return -1;
	for (; rules->path; rules++) {
		if (add_rule(ruleset, rules, attr.handled_access_fs) < 0)
			return -1;
	}
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -1 : 0;
}
