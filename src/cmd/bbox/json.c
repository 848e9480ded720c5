// SPDX-License-Identifier: Apache-2.0
/*
 * json.c - texts as JSON strings.
 */
#include "cmd/bbox/json.h"

#include "base/text.h"

#define TEXT_MAX ((size_t)64 * 1024) /* bytes: a path with all escaped */

int json_add_string(struct buf *out, const char *s, struct err *err)
{
	auto_buf struct buf shown = BUF_INIT(TEXT_MAX);

	if (text_add_visible(&shown, SPAN_STR(s), err) < 0 ||
	    buf_addc(out, '"', err) < 0)
		return -1;
	for (size_t i = 0; i < shown.len; i++) {
		char c = shown.data[i];

		if ((c == '"' || c == '\\') && buf_addc(out, '\\', err) < 0)
			return -1;
		if (buf_addc(out, c, err) < 0)
			return -1;
	}
	return buf_addc(out, '"', err);
}
