/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow_script.h - for tests: what the guest does, as a text.
 *
 * A script is a list of commands as "put a text; ls ." with the answers that
 * they must give; a command that has nothing to say has no answer.
 */
#ifndef BBOX_TESTS_SUPPORT_COW_SCRIPT_H
#define BBOX_TESTS_SUPPORT_COW_SCRIPT_H

#include "support/cow_world.h"

/* The user's files that the scripts know. */
void populate(struct world *w);
/* The answers, with "; " between; the caller frees. */
char *script_run(struct world *w, const char *script);
void expect(struct world *w, const char *script, const char *want);

#endif /* BBOX_TESTS_SUPPORT_COW_SCRIPT_H */
