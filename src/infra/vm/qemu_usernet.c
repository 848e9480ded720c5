// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_usernet.c - read the table of QEMU's user network:
 *
 *   Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ ...
 *   TCP[HOST_FORWARD]  13       127.0.0.1 43907   192.168.127.2    22     0 ...
 */
#include "infra/vm/qemu_usernet.h"

#include "base/mem.h"
#include "base/text.h"
#include "domain/vm/guest_paths.h"

enum column { STATE, FD, SOURCE, SOURCE_PORT, DEST, DEST_PORT, COLUMNS };

/* Splits at blanks, any number of them. */
static bool split(struct span line, struct span out[COLUMNS])
{
	struct span word;
	size_t n = 0;

	while (n < COLUMNS && span_take_until(&line, ' ', &word)) {
		if (word.len)
			out[n++] = word;
	}
	return n == COLUMNS;
}

static bool take_port(struct span word, uint16_t *out)
{
	auto_free char *text = xmemdup0(word.p, word.len);
	uint64_t value;

	if (!text_parse_u64(text, UINT16_MAX, &value) || !value)
		return false;
	*out = (uint16_t)value;
	return true;
}

bool usernet_find(struct span text, uint16_t guest_port, uint16_t *out)
{
	struct span line, w[COLUMNS];
	uint16_t source, dest;

	while (span_take_until(&text, '\n', &line)) {
		if (!split(line, w) ||
		    !span_equals(w[STATE], "TCP[HOST_FORWARD]") ||
		    !span_equals(w[SOURCE], "127.0.0.1") ||
		    !span_equals(w[DEST], GUEST_ADDRESS) ||
		    !take_port(w[SOURCE_PORT], &source) ||
		    !take_port(w[DEST_PORT], &dest) || dest != guest_port)
			continue;
		*out = source;
		return true;
	}
	return false;
}
