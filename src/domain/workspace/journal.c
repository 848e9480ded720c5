// SPDX-License-Identifier: Apache-2.0
/*
 * journal.c - names of temporary files, and the records that list them.
 */
#include "domain/workspace/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "domain/workspace/paths.h"

#define TEMP_PREFIX ".bbox-"
#define TEMP_SUFFIX ".tmp"
#define TEMP_DIGITS 16

static_assert(JOURNAL_TEMP_SIZE == sizeof(TEMP_PREFIX) + TEMP_DIGITS +
					   sizeof(TEMP_SUFFIX) - 1,
	      "JOURNAL_TEMP_SIZE does not fit the name");

void journal_temp_name(uint64_t random, char out[JOURNAL_TEMP_SIZE])
{
	int n = snprintf(out, JOURNAL_TEMP_SIZE,
			 TEMP_PREFIX "%016" PRIx64 TEMP_SUFFIX, random);

	assert(n == JOURNAL_TEMP_SIZE - 1);
	(void)n;
}

bool journal_is_temp(const char *path)
{
	const char *name = path_name(path);

	return path_is_plain(path) && strlen(name) == JOURNAL_TEMP_SIZE - 1 &&
	       text_starts_with(name, TEMP_PREFIX) &&
	       text_ends_with(name, TEMP_SUFFIX) &&
	       strspn(name + strlen(TEMP_PREFIX), "0123456789abcdef") ==
		       TEMP_DIGITS;
}

bool journal_next(struct span *journal, const char **out)
{
	const char *text = journal->p;
	const char *end;

	if (!journal->len)
		return false;
	end = memchr(text, '\0', journal->len);
	if (!end || !span_skip(journal, (size_t)(end - text) + 1))
		return false;
	*out = text;
	return true;
}
