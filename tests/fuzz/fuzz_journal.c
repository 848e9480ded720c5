// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_journal.c - records come out byte for byte as they went in, and what
 * counts as a temporary file has a name that we made and lies inside.
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

static void check_record(const char *record)
{
	char name[JOURNAL_TEMP_SIZE];
	auto_free char *below = NULL;

	if (journal_is_temp(record))
		check_temp(record);
	journal_temp_name(strlen(record) * UINT64_C(0x9e3779b97f4a7c15), name);
	INVARIANT(journal_is_temp(name));
	/* A temporary file of ours counts in a plain directory only. */
	below = xasprintf("%s/%s", record, name);
	INVARIANT(journal_is_temp(below) == path_is_plain(record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span journal = { .p = data, .len = size };
	const char *at = (const char *)data, *record;

	while (journal_next(&journal, &record)) {
		INVARIANT(record == at);
		at += strlen(record) + 1;
		INVARIANT(journal.p == at);
		check_record(record);
	}
	INVARIANT(at + journal.len == (const char *)data + size);
	INVARIANT(!journal.len || !memchr(at, '\0', journal.len));
	return 0;
}
