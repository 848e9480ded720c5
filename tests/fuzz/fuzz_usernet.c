// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_usernet.c - lines are judged one by one: the first forward counts, and
 * no text before it hides a good one.
 */
#include <stdio.h>

#include "base/buf.h"
#include "domain/vm/guest_paths.h"
#include "fuzz/fuzz.h"
#include "infra/vm/qemu_usernet.h"

#define GUEST_PORT 22
#define HOST_PORT  43907
#define FORWARD                                                            \
	"\n  TCP[HOST_FORWARD]  13       127.0.0.1 43907   " GUEST_ADDRESS \
	"    22     0     0\r\n"

static bool find_by_line(struct span text, uint16_t *out)
{
	struct span line;

	while (span_take_until(&text, '\n', &line)) {
		if (usernet_find(line, GUEST_PORT, out))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { .p = data, .len = size };
	auto_buf struct buf more = BUF_INIT(size + sizeof(FORWARD));
	uint16_t port = 0, by_line = 0, last = 0;
	bool found = usernet_find(in, GUEST_PORT, &port);
	struct err err = ERR_INIT;

	INVARIANT(found == (port != 0));
	INVARIANT(find_by_line(in, &by_line) == found && by_line == port);
	INVARIANT(!buf_add(&more, data, size, &err) &&
		  !buf_adds(&more, FORWARD, &err));
	INVARIANT(usernet_find(buf_span(&more), GUEST_PORT, &last));
	INVARIANT(last == (found ? port : HOST_PORT));
	return 0;
}
