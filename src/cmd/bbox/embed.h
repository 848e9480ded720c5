/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed.h - the files that bbox carries inside itself (see embed.S).
 */
#ifndef BBOX_CMD_BBOX_EMBED_H
#define BBOX_CMD_BBOX_EMBED_H

#include "runtime/runtime.h"

/* Points @cfg to the guest's init and to the image recipes. */
void embedded_fill(struct runtime_config *cfg);

#endif /* BBOX_CMD_BBOX_EMBED_H */
