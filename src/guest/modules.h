/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.h - load the drivers that came in the initramfs.
 */
#ifndef BBOX_GUEST_MODULES_H
#define BBOX_GUEST_MODULES_H

#include "base/err.h"

/*
 * Loads every file of @dir in the order of the names and removes it, which
 * frees its memory. A missing directory is fine: the kernel has it all.
 */
must_check int modules_load(const char *dir, struct err *err);

#endif /* BBOX_GUEST_MODULES_H */
