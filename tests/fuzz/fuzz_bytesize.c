// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_bytesize.c - what was parsed can be written and is parsed the same.
 */
#include "base/mem.h"
#include "domain/bytesize/bytesize.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup0(data, size);
	char again[BYTESIZE_TEXT_SIZE];
	uint32_t mib = 0, second = 1;
	struct err err = ERR_INIT;

	if (bytesize_parse(text, &mib, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
		return 0;
	}
	bytesize_format(mib, again);
	INVARIANT(!bytesize_parse(again, &second, &err) && second == mib);
	return 0;
}
