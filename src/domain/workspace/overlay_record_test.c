// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/overlay_record.h"

#include "support/check.h"

#include <string.h>

static const struct overlay_record full = {
	.id = UINT64_C(0x1122334455667788),
	.dir = 7,
	.to_dir = 8,
	.name = { "name", 4 },
	.to_name = { "to\n", 3 },
	.kind = OVERLAY_SYMLINK,
	.links = 3,
	.attr = { .ino = 1,
		  .size = 2,
		  .mode = 07777,
		  .uid = 3,
		  .gid = 4,
		  .atime_ns = -5,
		  .mtime_ns = INT64_MAX,
		  .ctime_ns = 6 },
	.identity = { .dev = 1,
		      .ino = 2,
		      .size = 3,
		      .mtime_ns = -4,
		      .ctime_ns = INT64_MIN },
	.target = { "target", 6 },
	.value = { "va\0ue", 5 },
	.hash = { 1, 2, 3, [31] = 32 },
};

static const uint8_t flags_of[OVERLAY_RECORD_COUNT] = {
	[OVERLAY_RECORD_OWN] = OVERLAY_RECORD_HASHED,
	[OVERLAY_RECORD_REMOVE] = OVERLAY_RECORD_DIR,
	[OVERLAY_RECORD_RENAME] = OVERLAY_RECORD_EXCHANGE,
};

static void encode(enum overlay_record_type type, struct buf *out)
{
	struct overlay_record rec = full;
	struct err err;

	rec.type = type;
	rec.flags = flags_of[type];
	CHECK_OK(overlay_record_encode(&rec, out, &err), &err);
}

/* What is decoded encodes to the same bytes. */
static void test_each_type_survives(void **state unused)
{
	for (int type = OVERLAY_RECORD_HEADER; type < OVERLAY_RECORD_COUNT;
	     type++) {
		auto_buf struct buf a = BUF_INIT(4096), b = BUF_INIT(4096);
		struct overlay_record rec;
		struct span s;
		struct err err;

		encode((enum overlay_record_type)type, &a);
		s = buf_span(&a);
		CHECK(overlay_record_decode(&s, &rec) == OVERLAY_RECORD_WHOLE &&
			      !s.len,
		      "type %d", type);
		CHECK((int)rec.type == type && rec.flags == flags_of[type],
		      "type %d", type);
		CHECK_OK(overlay_record_encode(&rec, &b, &err), &err);
		CHECK(a.len == b.len && !memcmp(a.data, b.data, a.len),
		      "type %d", type);
	}
}

static void test_fields_come_back(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(4096);
	struct overlay_record rec;
	struct span s;

	encode(OVERLAY_RECORD_PIN, &b);
	s = buf_span(&b);
	assert_int_equal(overlay_record_decode(&s, &rec), OVERLAY_RECORD_WHOLE);
	assert_true(rec.id == full.id && rec.dir == 7 && rec.links == 3);
	assert_true(span_equals(rec.name, "name"));
	assert_true(span_equals(rec.target, "target"));
	assert_true(rec.kind == OVERLAY_SYMLINK);
	assert_true(rec.attr.ino == 1 && rec.attr.size == 2 &&
		    rec.attr.mode == 07777 && rec.attr.uid == 3 &&
		    rec.attr.gid == 4 && rec.attr.atime_ns == -5 &&
		    rec.attr.mtime_ns == INT64_MAX && rec.attr.ctime_ns == 6);
	assert_true(file_identity_equals(&rec.identity, &full.identity));
}

/* The format must not change by accident: sessions outlive an upgrade. */
static void test_bytes_are_as_ever(void **state unused)
{
	/* clang-format off */
	static const uint8_t want[] = {
		/* length, checksum */
		10, 0, 0, 0, 0x26, 0xff, 0x3b, 0x6e,
		/* type, flags, magic */
		1, 0, 'b', 'b', 'o', 'x', '-', 'o', 'v', 1,
	};
	/* clang-format on */
	const struct overlay_record rec = { .type = OVERLAY_RECORD_HEADER,
					    .id = OVERLAY_RECORD_MAGIC };
	auto_buf struct buf b = BUF_INIT(4096);
	struct err err;

	CHECK_OK(overlay_record_encode(&rec, &b, &err), &err);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
}

static void test_every_cut_is_a_cut(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(4096);

	encode(OVERLAY_RECORD_PIN, &b);
	for (size_t len = 1; len < b.len; len++) {
		struct span s = { .p = b.data, .len = len };
		struct overlay_record rec;

		CHECK(overlay_record_decode(&s, &rec) == OVERLAY_RECORD_CUT &&
			      s.len == len,
		      "%zu bytes", len);
	}
}

/* A bit that is wrong in the last record; then in one that others follow. */
static void test_every_wrong_bit_is_found(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(4096);
	size_t len;

	encode(OVERLAY_RECORD_CREATE, &b);
	len = b.len;
	encode(OVERLAY_RECORD_OWN, &b);
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct span last = { .p = b.data, .len = len };
		struct span middle = buf_span(&b);
		struct overlay_record rec;

		b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
		CHECK(overlay_record_decode(&last, &rec) !=
			      OVERLAY_RECORD_WHOLE,
		      "bit %zu at the end", bit);
		CHECK(overlay_record_decode(&middle, &rec) !=
			      OVERLAY_RECORD_WHOLE,
		      "bit %zu", bit);
		b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
	}
}

enum damage { LAST_BYTES, ZERO_TAIL, ALL_ZERO, FOLLOWED, LONG, SHORT };

static const struct damage_case {
	const char *name;
	enum damage damage;
	enum overlay_record_result want;
} damage_cases[] = {
	{ "last bytes are wrong", LAST_BYTES, OVERLAY_RECORD_CUT },
	{ "the same, zeros follow", ZERO_TAIL, OVERLAY_RECORD_CUT },
	{ "zeros only", ALL_ZERO, OVERLAY_RECORD_CUT },
	{ "the same, a record follows", FOLLOWED, OVERLAY_RECORD_DAMAGED },
	{ "length beyond all limits", LONG, OVERLAY_RECORD_DAMAGED },
	{ "length below all limits", SHORT, OVERLAY_RECORD_DAMAGED },
};

static void test_damage_is_told_from_a_torn_end(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(damage_cases); i++) {
		const struct damage_case *c = &damage_cases[i];
		static const char zeros[100];
		auto_buf struct buf b = BUF_INIT(4096);
		struct overlay_record rec;
		struct span s;
		struct err err;

		encode(OVERLAY_RECORD_OWN, &b);
		if (c->damage == LONG || c->damage == SHORT)
			memset(b.data, c->damage == LONG ? 0x7f : 0, 4);
		else
			b.data[b.len - 1]++;
		if (c->damage == FOLLOWED)
			encode(OVERLAY_RECORD_OWN, &b);
		if (c->damage == ALL_ZERO)
			buf_reset(&b);
		if (c->damage == ZERO_TAIL || c->damage == ALL_ZERO)
			CHECK_OK(buf_add(&b, zeros, sizeof(zeros), &err), &err);
		s = buf_span(&b);
		CHECK(overlay_record_decode(&s, &rec) == c->want, "%s",
		      c->name);
	}
}

enum lie { UNKNOWN_KIND, LONG_NAME, LONG_TARGET, MODE_BITS, LIE_COUNT };

static void tell(enum lie lie, struct overlay_record *rec)
{
	static char text[OVERLAY_TARGET_MAX + 1];

	memset(text, 'x', sizeof(text));
	switch (lie) {
	case UNKNOWN_KIND:
		rec->kind = OVERLAY_KIND_COUNT;
		break;
	case LONG_NAME:
		rec->name = (struct span){ text, OVERLAY_NAME_MAX + 1 };
		break;
	case LONG_TARGET:
		rec->target = (struct span){ text, sizeof(text) };
		break;
	case MODE_BITS:
		rec->attr.mode = 010644;
		break;
	case LIE_COUNT:
		break;
	}
}

/* Records with a right checksum and wrong content. */
static void test_nonsense_is_refused(void **state unused)
{
	for (int lie = 0; lie < LIE_COUNT; lie++) {
		auto_buf struct buf b = BUF_INIT(16384);
		struct overlay_record rec = full;
		struct span s;
		struct err err;

		rec.type = OVERLAY_RECORD_CREATE;
		tell((enum lie)lie, &rec);
		CHECK_OK(overlay_record_encode(&rec, &b, &err), &err);
		s = buf_span(&b);
		CHECK(overlay_record_decode(&s, &rec) == OVERLAY_RECORD_DAMAGED,
		      "lie %d", lie);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_type_survives),
		cmocka_unit_test(test_fields_come_back),
		cmocka_unit_test(test_bytes_are_as_ever),
		cmocka_unit_test(test_every_cut_is_a_cut),
		cmocka_unit_test(test_every_wrong_bit_is_found),
		cmocka_unit_test(test_damage_is_told_from_a_torn_end),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return RUN_TESTS(tests);
}
