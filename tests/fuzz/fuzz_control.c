// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_control.c - every line that is understood is one that we would write,
 * and the receiver always gets on.
 */
#include <string.h>

#include "domain/vm/control.h"
#include "fuzz/fuzz.h"

static void check_message(const struct control_msg *msg)
{
	auto_buf struct buf out = BUF_INIT(CONTROL_LINE_MAX + 1);
	struct control_msg second;
	struct err err = ERR_INIT;

	INVARIANT(!control_format(msg, &out, &err));
	INVARIANT(control_next(&out, &second, &err) == 1 && !out.len);
	INVARIANT(second.type == msg->type &&
		  second.since_boot_ms == msg->since_boot_ms &&
		  !strcmp(second.text, msg->text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf in = BUF_INIT(CONTROL_LINE_MAX + 1);
	struct control_msg msg;
	struct err err = ERR_INIT;
	size_t before, room;
	int r;

	while (size) {
		room = in.max - in.len;
		room = room < size ? room : size;
		INVARIANT(room > 0 && !buf_add(&in, data, room, &err));
		data += room;
		size -= room;
		do {
			before = in.len;
			r = control_next(&in, &msg, &err);
			INVARIANT(!r || in.len < before);
			if (r == 1)
				check_message(&msg);
		} while (r);
	}
	return 0;
}
