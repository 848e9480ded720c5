/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - move the files of the session archive into the guest's root.
 */
#ifndef BBOX_GUEST_PLACE_H
#define BBOX_GUEST_PLACE_H

#include "base/err.h"

#define PLACE_DEPTH_MAX 64U

/**
 * place_tree() - move everything below one directory into another
 * @from:	open directory of ours; empty afterwards
 * @to:		open directory that an image made
 * @err:	ERR_INVALID for a symbolic link or a directory in @to where a
 *		file must go, for a link in the way to it, and for anything in
 *		@from that is neither a file nor a directory
 *
 * Files keep the owner and mode they have in @from and replace files. A
 * directory of @to that exists stays as it is, unless the one in @from does
 * not belong to root: then it gets that owner and mode. A new directory that
 * would belong to root gets the owner of the directory it is made in, so that
 * what is placed in a home can be used there.
 */
must_check int place_tree(int from, int to, struct err *err);

#endif /* BBOX_GUEST_PLACE_H */
