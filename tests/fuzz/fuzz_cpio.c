// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_cpio.c - whatever is added, the archive stays one that can be walked
 * from start to end, and no path climbs out.
 *
 * Input: "<mode digit><path>\n<content>\n" again and again.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "domain/kernel/cpio.h"
#include "fuzz/fuzz.h"

#define ARCHIVE_MAX ((size_t)64 * 1024)
#define HEADER_LEN  ((size_t)110)

static size_t hex(const char *p)
{
	auto_free char *digits = xmemdup0(p, 8);

	return strtoul(digits, NULL, 16);
}

static size_t aligned(size_t n)
{
	return (n + 3) / 4 * 4;
}

static bool is_dotted(const char *path)
{
	return !strcmp(path, "..") || !strncmp(path, "../", 3) ||
	       strstr(path, "/../") ||
	       (strlen(path) > 2 && !strcmp(path + strlen(path) - 3, "/.."));
}

static void check_archive(const struct buf *b)
{
	size_t at = 0, name_len;

	while (at < b->len) {
		const char *h = b->data + at;

		INVARIANT(b->len - at >= HEADER_LEN);
		INVARIANT(!memcmp(h, "070701", 6));
		name_len = hex(h + 94);
		INVARIANT(name_len <= b->len - at - HEADER_LEN);
		INVARIANT(strlen(h + HEADER_LEN) + 1 == name_len);
		INVARIANT(h[HEADER_LEN] != '/' && !is_dotted(h + HEADER_LEN));
		at += aligned(HEADER_LEN + name_len) + aligned(hex(h + 54));
	}
	INVARIANT(at == b->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t modes[] = { 0100644, 0040755, 0120777, 0020600,
					  0 };
	auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
	struct span in = { .p = data, .len = size }, path, content;
	struct err err = ERR_INIT;
	uint8_t mode;

	while (span_take_u8(&in, &mode) && span_take_until(&in, '\n', &path)) {
		auto_free char *text = xmemdup0(path.p, path.len);
		struct cpio_entry e = {
			.path = text,
			.mode = modes[mode % ARRAY_SIZE(modes)],
		};

		if (span_take_until(&in, '\n', &content)) {
			e.data = content.p;
			e.len = content.len;
		}
		/* A refused entry must leave the archive as it was. */
		discard(cpio_add_parents(&out, text, &err));
		discard(cpio_add(&out, &e, &err));
	}
	check_archive(&out);
	/* Fails when the archive is full, which is as good. */
	discard(cpio_end(&out, &err));
	check_archive(&out);
	return 0;
}
