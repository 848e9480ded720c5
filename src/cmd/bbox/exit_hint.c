// SPDX-License-Identifier: Apache-2.0
/*
 * exit_hint.c - explain signals that users ask about.
 */
#include "cmd/bbox/exit_hint.h"

#include <signal.h>
#include <string.h>

static const struct {
	int signal;
	const char *name, *hint;
} hints[] = {
	{ SIGKILL, "KILL",
	  "killed, probably out of memory; give it more with --memory" },
	{ SIGSEGV, "SEGV", "segmentation fault in the agent" },
	{ SIGABRT, "ABRT", "the agent aborted on a failed assertion" },
};

const char *exit_hint(const struct session_result *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (!strcmp(r->signal_name, hints[i].name) ||
		    (!r->signal_name[0] &&
		     r->exit_code == 128 + hints[i].signal))
			return hints[i].hint;
	}
	return NULL;
}
