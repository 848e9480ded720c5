/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - the system calls that nothing in a session may make.
 */
#ifndef BBOX_GUEST_SECCOMP_H
#define BBOX_GUEST_SECCOMP_H

#include <linux/filter.h>

#include "base/err.h"

#define SECCOMP_FILTER_MAX 256 /* instructions */

/* Writes the filter; returns the number of instructions. */
size_t seccomp_build(struct sock_filter out[SECCOMP_FILTER_MAX]);

/* Puts this thread and all it starts under the filter; cannot be undone. */
must_check int seccomp_install(struct err *err);

#endif /* BBOX_GUEST_SECCOMP_H */
