/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.h - end what a killed flush had begun in a workspace.
 */
#ifndef BBOX_INFRA_FLUSH_SETTLE_H
#define BBOX_INFRA_FLUSH_SETTLE_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"

/**
 * settle_journal() - go through a journal and remove it
 * @path:	of the journal; nothing happens when there is none
 *
 * Our own temporary files are removed. A file of the user's that a step had
 * moved away goes back, unless it is the very version that the step was to
 * replace. What is neither stays beside the destination and is reported.
 * The caller knows that the flush is dead.
 */
void settle_journal(const char *path, struct progress *progress,
		    struct log *log);

#endif /* BBOX_INFRA_FLUSH_SETTLE_H */
