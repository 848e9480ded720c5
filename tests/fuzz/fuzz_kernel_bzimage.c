// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_kernel_bzimage.c - the payload lies inside the image, what follows it
 * has no influence, and what comes out has an end.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "infra/kernel/kernel_bzimage.h"

#define OUT_MAX ((size_t)1024 * 1024)
#define BEFORE	"abc" /* what is appended to */

static int unpack(struct span image, struct buf *out)
{
	struct err err = ERR_INIT;
	int r;

	INVARIANT(!buf_adds(out, BEFORE, &err));
	r = kernel_bzimage_unpack(image, out, &err);
	INVARIANT(!r || err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
	INVARIANT(!r || err.msg[0]);
	INVARIANT(out->len <= OUT_MAX &&
		  !memcmp(out->data, BEFORE, strlen(BEFORE)));
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span image = { .p = data, .len = size };
	auto_buf struct buf whole = BUF_INIT(OUT_MAX), cut = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	struct span payload;
	size_t start;

	if (kernel_bzimage_payload(image, &payload, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID);
		INVARIANT(unpack(image, &whole) < 0);
		return 0;
	}
	start = (size_t)((const uint8_t *)payload.p - data);
	INVARIANT(start <= size && payload.len <= size - start);
	INVARIANT(unpack(image, &whole) ==
		  unpack((struct span){ .p = data, .len = start + payload.len },
			 &cut));
	INVARIANT(whole.len == cut.len &&
		  !memcmp(whole.data, cut.data, cut.len));
	return 0;
}
