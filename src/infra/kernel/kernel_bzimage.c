// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_bzimage.c - take the ELF kernel out of an x86 boot image.
 *
 * A boot image is real-mode code, then protected-mode code that carries the
 * compressed kernel as its payload. The header says where.
 */
#include "infra/kernel/kernel_bzimage.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/ckd.h"

#define SECTOR		      512U
#define SETUP_SECTORS_AT      0x1f1
#define SETUP_SECTORS_DEFAULT 4U /* what 0 means */
#define MAGIC_AT	      0x202
#define MAGIC		      "HdrS"
#define VERSION_AT	      0x206
#define VERSION_PAYLOAD	      0x0208U /* the first with a payload */
#define PAYLOAD_OFFSET_AT     0x248
#define PAYLOAD_LEN_AT	      0x24c
#define HEADER_MIN	      0x250U
#define SIZE_TRAILER	      4U /* bytes */
#define READ_CHUNK	      ((size_t)256 * 1024)

static uint32_t le32_at(struct span image, size_t at)
{
	const uint8_t *p = (const uint8_t *)image.p + at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

int kernel_bzimage_payload(struct span image, struct span *out, struct err *err)
{
	size_t setup, start, len;

	if (image.len < HEADER_MIN ||
	    memcmp((const char *)image.p + MAGIC_AT, MAGIC, strlen(MAGIC)) !=
		    0 ||
	    (le32_at(image, VERSION_AT) & 0xffff) < VERSION_PAYLOAD)
		return err_set(err, ERR_INVALID, "not a Linux boot image");
	setup = ((const uint8_t *)image.p)[SETUP_SECTORS_AT];
	setup = ((setup ?: SETUP_SECTORS_DEFAULT) + 1) * SECTOR;
	len = le32_at(image, PAYLOAD_LEN_AT);
	if (ckd_add(&start, setup, le32_at(image, PAYLOAD_OFFSET_AT)) ||
	    start > image.len || len > image.len - start || len <= SIZE_TRAILER)
		return err_set(err, ERR_INVALID,
			       "boot image with its payload out of bounds");
	*out = (struct span){ .p = (const char *)image.p + start, .len = len };
	return 0;
}

/* The formats that Linux can be built with and libarchive can read. */
static const struct {
	const char *magic;
	size_t magic_len;
	bool has_trailer; /* the build appends the unpacked size */
	int (*support)(struct archive *a);
} formats[] = {
	{ "\x1f\x8b", 2, false, archive_read_support_filter_gzip },
	{ "\xfd"
	  "7zXZ",
	  5, true, archive_read_support_filter_xz },
	{ "\x28\xb5\x2f\xfd", 4, true, archive_read_support_filter_zstd },
	{ "\x02\x21\x4c\x18", 4, true, archive_read_support_filter_lz4 },
	{ "BZh", 3, true, archive_read_support_filter_bzip2 },
};

static int read_stream(struct archive *a, struct span payload, struct buf *out,
		       struct err *err)
{
	struct archive_entry *entry;
	char *room;
	la_ssize_t n;

	if (archive_read_open_memory(a, payload.p, payload.len) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return err_set(err, ERR_INVALID, "unpack kernel: %s",
			       archive_error_string(a));
	for (;;) {
		if (buf_room(out, READ_CHUNK, &room, err) < 0)
			return err_wrap(err, "unpack kernel");
		n = archive_read_data(a, room, READ_CHUNK);
		if (n < 0)
			return err_set(err, ERR_INVALID, "unpack kernel: %s",
				       archive_error_string(a));
		if (n == 0)
			return 0;
		buf_grew(out, (size_t)n);
	}
}

int kernel_bzimage_unpack(struct span image, struct buf *out, struct err *err)
{
	struct span payload;
	struct archive *a;
	int r;

	if (kernel_bzimage_payload(image, &payload, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (payload.len < formats[i].magic_len ||
		    memcmp(payload.p, formats[i].magic, formats[i].magic_len) !=
			    0)
			continue;
		if (formats[i].has_trailer)
			payload.len -= SIZE_TRAILER;
		a = archive_read_new();
		if (!a)
			return err_set(err, ERR_UNSUPPORTED, "make a reader");
		formats[i].support(a);
		archive_read_support_format_raw(a);
		r = read_stream(a, payload, out, err);
		archive_read_free(a);
		return r;
	}
	return err_set(err, ERR_INVALID,
		       "boot image with an unknown compression");
}
