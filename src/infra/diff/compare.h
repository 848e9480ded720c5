/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - what two differs share: look at one path of a directory, and
 * tell whether what the guest has there is a change.
 */
#ifndef BBOX_INFRA_DIFF_COMPARE_H
#define BBOX_INFRA_DIFF_COMPARE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "domain/snapshot/change.h"
#include "infra/sys/hash.h"

/* Set-id bits are shown to the reviewer; a flush never writes them. */
#define COMPARE_MODE_BITS ((mode_t)07777)

enum sight_state {
	SIGHT_UNKNOWN, /* it cannot be looked at */
	SIGHT_ABSENT,
	SIGHT_SPECIAL, /* neither file, symlink nor directory */
	SIGHT_THERE,
};

/* What is at a path. */
struct sight {
	enum sight_state state;
	enum change_type type; /* these when SIGHT_THERE */
	struct stat st;
	char *target; /* owned; of a symlink */
};

/* Follows no symlink, opens nothing for reading. */
void sight_look(int dirfd, const char *path, struct sight *out);
void sight_release(struct sight *s);
#define auto_sight cleanup_with(sight_release)

/**
 * compare_hash() - hash a regular file beneath a directory
 * @st:		its state afterwards
 * @err:	ERR_INVALID when it is no regular file
 */
must_check int compare_hash(int dirfd, const char *path,
			    char out[SHA256_HEX_SIZE], struct stat *st,
			    struct err *err);

bool compare_is_executable(mode_t mode);

/**
 * compare_judge() - is what the guest has at a path a change?
 * @original:	the user's directory
 * @change:	both sides filled but for @kind, which is set, and for an
 *		unknown @base_hash, which is when the user's file still is
 *		what the guest started from
 *
 * It is not when it equals what the guest started from, or what the user has
 * there by now: nothing is to be brought back then.
 */
bool compare_judge(int original, struct change *change);

/* Sets @base_hash from the user's file if that is untouched. */
void compare_find_base_hash(int original, struct change *change);

/* Fills the base of @change with what the user has there now. */
void compare_base_now(const struct sight *sight, struct change *change);

#endif /* BBOX_INFRA_DIFF_COMPARE_H */
