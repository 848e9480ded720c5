// SPDX-License-Identifier: Apache-2.0
/*
 * bytesize.c - read and write memory sizes in MiB.
 */
#include "domain/bytesize/bytesize.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ckd.h"

#define BLANKS	    " \t\r\n\v\f"
#define MIB_PER_GIB 1024U

static const struct suffix {
	const char *text;
	uint32_t mib;
} suffixes[] = {
	{ "", 1 },
	{ "m", 1 },
	{ "mi", 1 },
	{ "mib", 1 },
	{ "g", MIB_PER_GIB },
	{ "gi", MIB_PER_GIB },
	{ "gib", MIB_PER_GIB },
};

static const struct suffix *find_suffix(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strlen(suffixes[i].text) == len &&
		    !strncasecmp(suffixes[i].text, s, len))
			return &suffixes[i];
	}
	return NULL;
}

/* Reads the digits at *@s; false when the number does not fit. */
static bool take_number(const char **s, uint32_t *out)
{
	bool fits = true;

	*out = 0;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (ckd_mul(out, *out, 10U) ||
		    ckd_add(out, *out, (uint32_t)(**s - '0')))
			fits = false;
	}
	return fits;
}

int bytesize_parse(const char *text, uint32_t *out_mib, struct err *err)
{
	const struct suffix *suffix;
	uint32_t number, mib;
	const char *s = text + strspn(text, BLANKS);
	size_t len;
	bool fits;

	if (!*s) {
		*out_mib = 0;
		return 0;
	}
	if (*s < '0' || *s > '9')
		return err_set(err, ERR_INVALID,
			       "no numeric value: write 512m or 4g");
	fits = take_number(&s, &number);
	s += strspn(s, BLANKS);
	len = strlen(s);
	while (len > 0 && strchr(BLANKS, s[len - 1]))
		len--;
	suffix = find_suffix(s, len);
	if (!suffix)
		return err_set(err, ERR_INVALID,
			       "unknown suffix: write 512m or 4g");
	if (!fits || ckd_mul(&mib, number, suffix->mib))
		return err_set(err, ERR_LIMIT, "exceeds maximum of %u MiB",
			       UINT32_MAX);
	*out_mib = mib;
	return 0;
}

void bytesize_format(uint32_t mib, char out[BYTESIZE_TEXT_SIZE])
{
	/* The longest is "4294967295m": it fits. */
	if (!mib)
		snprintf(out, BYTESIZE_TEXT_SIZE, "0");
	else if (mib % MIB_PER_GIB)
		snprintf(out, BYTESIZE_TEXT_SIZE, "%um", mib);
	else
		snprintf(out, BYTESIZE_TEXT_SIZE, "%ug", mib / MIB_PER_GIB);
}
