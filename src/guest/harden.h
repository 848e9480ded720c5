/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harden.h - what the guest gives up, stage by stage.
 *
 *   1. harden_kernel()	    PID 1, once: kernel settings, limits, /root.
 *   2. harden_privileges() PID 1, once, before it forks: the bounding set and
 *			    no_new_privs, which every process inherits. PID 1
 *			    keeps what it holds, to unmount and power off.
 *   3. harden_connection() each SSH connection: holds only what starting a
 *			    session as the user takes; seccomp_install().
 *   4. harden_session()    each session, before the exec: is the user, holds
 *			    nothing.
 */
#ifndef BBOX_GUEST_HARDEN_H
#define BBOX_GUEST_HARDEN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/strv.h"

/* Where a kernel setting lives: dots become slashes below /proc/sys. Pure. */
must_check int harden_sysctl_path(const char *key, char *out, size_t size,
				  struct err *err);

/* The highest capability, from the text of cap_last_cap; 41 if unreadable. */
int harden_last_capability(struct span text);

/* Does the bounding set keep this capability? */
bool harden_keeps(int capability);

/*
 * Settings that the kernel refuses are appended to @refused, by name: a
 * kernel without one is no reason not to boot.
 */
must_check int harden_kernel(int root, struct strv *refused, struct err *err);
must_check int harden_privileges(struct err *err);
must_check int harden_connection(struct err *err);
must_check int harden_session(struct err *err);

#endif /* BBOX_GUEST_HARDEN_H */
