// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_journal.c - what is taken for a step is inside the workspace, has a
 * name that we made, and is written again as it was read.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/paths.h"
#include "fuzz/fuzz.h"

#define PREFIX ".bbox-"

static void check_temp(const char *path)
{
	const char *name = path_name(path);
	char want[JOURNAL_TEMP_SIZE];
	auto_free char *slashes = xasprintf("/%s/", path);

	INVARIANT(!strncmp(name, PREFIX, strlen(PREFIX)));
	journal_temp_name(strtoull(name + strlen(PREFIX), NULL, 16), want);
	INVARIANT(!strcmp(name, want));
	INVARIANT(!strstr(slashes, "/../") && !strstr(slashes, "/./") &&
		  !strstr(slashes, "//"));
}

static void check_step(const struct journal_step *step, const void *from,
		       size_t len)
{
	auto_buf struct buf text = BUF_INIT(len + JOURNAL_STEP_MAX);

	check_temp(step->temp);
	INVARIANT(*step->name && !strchr(step->name, '/'));
	INVARIANT(strcmp(step->name, "..") != 0);
	INVARIANT(journal_add_step(&text, step, ERR_IGNORE) == 0);
	INVARIANT(text.len == len && !memcmp(text.data, from, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span journal = { .p = data, .len = size };
	struct journal_step step;
	const char *workspace;

	if (!journal_start(&journal, &workspace))
		return 0;
	INVARIANT(workspace[0] == '/');
	for (const void *at = journal.p; journal_next(&journal, &step);
	     at = journal.p)
		check_step(
			&step, at,
			(size_t)((const char *)journal.p - (const char *)at));
	return 0;
}
