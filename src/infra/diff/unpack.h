/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - put all contents of a lazy view into files, by the id of their
 * node, so that whoever reads the view finds them in one place
 * (domain/workspace/overlay_store.h).
 */
#ifndef BBOX_INFRA_DIFF_UNPACK_H
#define BBOX_INFRA_DIFF_UNPACK_H

#include "base/err.h"
#include "domain/workspace/overlay.h"

/**
 * unpack_all() - make OVERLAY_CONTENTS_DIR anew
 * @session:	the session directory, which nobody else uses
 * @overlay:	what its records say
 *
 * What is there already is no more than a copy, and is replaced. A content that
 * was lost is left out.
 */
must_check int unpack_all(int session, struct overlay *overlay,
			  struct err *err);

#endif /* BBOX_INFRA_DIFF_UNPACK_H */
