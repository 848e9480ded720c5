// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_guest_config.c - what is accepted can be written, and reads the same.
 */
#include <string.h>

#include "domain/vm/guest_config.h"
#include "fuzz/fuzz.h"

/* Escapes can only make it longer by half; numbers get shorter. */
#define TEXT_MAX (2 * GUEST_CONFIG_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf first = BUF_INIT(TEXT_MAX);
	auto_buf struct buf second = BUF_INIT(TEXT_MAX);
	struct guest_config c = GUEST_CONFIG_INIT;
	struct err err = ERR_INIT;

	if (guest_config_read((struct span){ .p = data, .len = size }, &c,
			      &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID && !c.hostname);
		return 0;
	}
	INVARIANT(!guest_config_write(&c, &first, &err));
	if (first.len <= GUEST_CONFIG_MAX) {
		INVARIANT(!guest_config_read(buf_span(&first), &c, &err));
		INVARIANT(!guest_config_write(&c, &second, &err));
		INVARIANT(first.len == second.len &&
			  !memcmp(first.data, second.data, first.len));
	}
	guest_config_release(&c);
	return 0;
}
