// SPDX-License-Identifier: Apache-2.0
/*
 * journal.c - names of temporary files, and the steps that involve them.
 */
#include "domain/workspace/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "domain/workspace/paths.h"

#define FORMAT	    "bbox-journal 2"
#define TEMP_PREFIX ".bbox-"
#define TEMP_SUFFIX ".tmp"
#define TEMP_DIGITS 16

/* The letter of the step and four numbers of 16 hex digits. */
#define NUMBERS	    4
#define DIGITS	    16
#define HEAD_LEN    (1 + NUMBERS * DIGITS)
#define HEAD_FORMAT "%c%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64

static_assert(JOURNAL_TEMP_SIZE == sizeof(TEMP_PREFIX) + TEMP_DIGITS +
					   sizeof(TEMP_SUFFIX) - 1,
	      "JOURNAL_TEMP_SIZE does not fit the name");

static const char op_letters[] = {
	[JOURNAL_COPY] = 'c',
	[JOURNAL_SWAP] = 's',
	[JOURNAL_CLEAR] = 'e',
	[JOURNAL_REMOVE] = 'r',
};
static_assert(ARRAY_SIZE(op_letters) == JOURNAL_OP_COUNT,
	      "op_letters[] and enum journal_op differ");

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

static int add_text(struct buf *out, const char *text, struct err *err)
{
	return buf_add(out, text, strlen(text) + 1, err);
}

int journal_add_start(struct buf *out, const char *workspace, struct err *err)
{
	if (add_text(out, FORMAT, err) < 0)
		return -1;
	return add_text(out, workspace, err);
}

int journal_add_step(struct buf *out, const struct journal_step *step,
		     struct err *err)
{
	assert(step->op < JOURNAL_OP_COUNT && journal_is_temp(step->temp));
	if (buf_addf(out, err, HEAD_FORMAT, op_letters[step->op], step->ino,
		     step->old.ino, step->old.size,
		     (uint64_t)step->old.mtime_ns) < 0 ||
	    add_text(out, step->temp, err) < 0)
		return -1;
	return add_text(out, step->name, err);
}

static bool take_text(struct span *from, const char **out)
{
	const char *text = from->p;
	const char *end;

	if (!from->len)
		return false;
	end = memchr(text, '\0', from->len);
	if (!end || !span_skip(from, (size_t)(end - text) + 1))
		return false;
	*out = text;
	return true;
}

bool journal_start(struct span *journal, const char **out)
{
	struct span rest = *journal;
	const char *format, *workspace;

	if (!take_text(&rest, &format) || strcmp(format, FORMAT) != 0 ||
	    !take_text(&rest, &workspace) || workspace[0] != '/')
		return false;
	*journal = rest;
	*out = workspace;
	return true;
}

static bool parse_hex(const char *digits, uint64_t *out)
{
	static const char known[] = "0123456789abcdef";
	uint64_t value = 0;

	for (size_t i = 0; i < DIGITS; i++) {
		const char *at = digits[i] ? strchr(known, digits[i]) : NULL;

		if (!at)
			return false;
		value = value << 4 | (uint64_t)(at - known);
	}
	*out = value;
	return true;
}

static bool parse_op(char letter, enum journal_op *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(op_letters); i++) {
		if (letter == op_letters[i]) {
			*out = (enum journal_op)i;
			return true;
		}
	}
	return false;
}

/* The part in front of the name of the temporary file. */
static bool parse_head(const char *head, struct journal_step *out)
{
	uint64_t numbers[NUMBERS];

	if (strlen(head) < HEAD_LEN || !parse_op(head[0], &out->op))
		return false;
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!parse_hex(head + 1 + i * DIGITS, &numbers[i]))
			return false;
	}
	out->ino = numbers[0];
	out->old = (struct file_identity){
		.ino = numbers[1],
		.size = numbers[2],
		.mtime_ns = (int64_t)numbers[3],
	};
	out->temp = head + HEAD_LEN;
	return journal_is_temp(out->temp);
}

bool journal_next(struct span *journal, struct journal_step *out)
{
	struct span rest = *journal;
	struct journal_step step;
	const char *head;

	if (!take_text(&rest, &head) || !parse_head(head, &step) ||
	    !take_text(&rest, &step.name) || !path_is_plain(step.name) ||
	    strchr(step.name, '/'))
		return false;
	*journal = rest;
	*out = step;
	return true;
}
