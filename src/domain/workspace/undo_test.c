// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/undo.h"

#include "support/check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define H16 "0123456789abcdef"
#define H1  H16 H16 H16 H16
#define H2  \
	"f" \
	"123456789abcdef" H16 H16 H16

#define FILE_SIDE(hash_, mode_)                                     \
	{                                                           \
		.type = UNDO_FILE, .hash = (hash_), .mode = (mode_) \
	}
#define PATH(text) ((char *)(uintptr_t)(text))

/* clang-format off */
static const struct undo_case {
	struct undo_entry entry;
	int kind; /* of the change that puts it back; -1: none, -2: lost */
} cases[] = {
	{ { PATH("a-added"), { .type = UNDO_ABSENT }, FILE_SIDE(H1, 0644), 0, 0 }, CHANGE_DELETED },
	{ { PATH("b-deleted"), FILE_SIDE(H1, 0600), { .type = UNDO_ABSENT }, 1, 3 }, CHANGE_ADDED },
	{ { PATH("c-modified"), FILE_SIDE(H1, 0644), FILE_SIDE(H2, 0644), 2, 3 }, CHANGE_MODIFIED },
	{ { PATH("d-mode"), FILE_SIDE(H1, 0644), FILE_SIDE(H1, 0755), 0, 3 }, CHANGE_MODIFIED },
	{ { PATH("e-same"), FILE_SIDE(H1, 0644), FILE_SIDE(H1, 0644), 0, 3 }, -1 },
	{ { PATH("f-big"), FILE_SIDE(H1, 0644), FILE_SIDE(H2, 0644), 0, 3 }, -2 },
	{ { PATH("g-big-gone"), FILE_SIDE(H1, 0644), { .type = UNDO_ABSENT }, 0, 3 }, -2 },
	{ { PATH("h-link"), { .type = UNDO_SYMLINK, .target = PATH("x\ny") }, FILE_SIDE(H2, 0644), 0, 0 }, CHANGE_MODIFIED },
	{ { PATH("i-dir"), { .type = UNDO_DIR, .mode = 0700 }, { .type = UNDO_ABSENT }, 0, 0 }, CHANGE_ADDED },
	{ { PATH("j-new-dir"), { .type = UNDO_ABSENT }, { .type = UNDO_DIR }, 0, 0 }, CHANGE_DELETED },
};
/* clang-format on */

static const struct undo_head head = { .workspace = PATH("/w"),
				       .time_ns = INT64_MAX,
				       .is_undo = true };

static void write_all(struct buf *out)
{
	struct err err = ERR_INIT;

	CHECK_OK(undo_add_head(out, &head, &err), &err);
	for (size_t i = ARRAY_SIZE(cases); i--;)
		CHECK_OK(undo_add_entry(out, &cases[i].entry, &err), &err);
}

static void test_manifest_comes_back(void **state unused)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	struct err err = ERR_INIT;

	write_all(&text);
	CHECK_OK(undo_parse(buf_span(&text), &m, &err), &err);
	assert_string_equal(m.head.workspace, "/w");
	assert_true(m.head.time_ns == INT64_MAX && m.head.is_undo);
	assert_false(m.undone);
	assert_int_equal(m.n, ARRAY_SIZE(cases));
	for (size_t i = 0; i < m.n; i++) {
		const struct undo_entry *got = &m.v[m.n - 1 - i];
		const struct undo_entry *want = &cases[i].entry;

		assert_string_equal(got->path, want->path);
		assert_int_equal(got->before.type, want->before.type);
		assert_int_equal(got->before.mode, want->before.mode);
		assert_string_equal(got->before.hash, want->before.hash);
		assert_int_equal(got->after.type, want->after.type);
		assert_true(got->object == want->object);
		assert_true(got->size == want->size);
	}
}

static void test_changes_put_everything_back(void **state unused)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	auto_strv struct strv lost = STRV_INIT;
	struct err err = ERR_INIT;

	write_all(&text);
	CHECK_OK(undo_parse(buf_span(&text), &m, &err), &err);
	undo_changes(&m, &changes, &lost);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct undo_entry *e = &cases[i].entry;
		const struct change *c = change_list_find(&changes, e->path);

		CHECK(!c == (cases[i].kind < 0), "%s", e->path);
		CHECK(strv_contains(&lost, e->path) == (cases[i].kind == -2),
		      "%s: lost", e->path);
		if (!c)
			continue;
		CHECK((int)c->kind == cases[i].kind, "%s: kind", e->path);
		CHECK(c->decision == CHANGE_ACCEPTED, "%s", e->path);
		CHECK(c->base_known == (e->after.type != UNDO_ABSENT), "%s",
		      e->path);
		CHECK(!strcmp(c->base_hash, e->after.hash), "%s", e->path);
		CHECK(c->kind == CHANGE_DELETED ||
			      !strcmp(c->hash, e->before.hash),
		      "%s", e->path);
		CHECK(!c->source == !e->object, "%s: source", e->path);
		CHECK(!c->target == (e->before.type != UNDO_SYMLINK), "%s",
		      e->path);
	}
}

/* A path that was written twice goes back to the first. */
static void test_entries_of_one_path_are_joined(void **state unused)
{
	const struct undo_entry first = {
		PATH("p"), { .type = UNDO_ABSENT }, { .type = UNDO_DIR }, 0, 0
	};
	const struct undo_entry last = {
		PATH("p"), { .type = UNDO_DIR }, FILE_SIDE(H2, 0644), 0, 0
	};
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	auto_strv struct strv lost = STRV_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(undo_add_head(&text, &head, &err), &err);
	CHECK_OK(undo_add_entry(&text, &first, &err), &err);
	CHECK_OK(undo_add_entry(&text, &last, &err), &err);
	CHECK_OK(undo_parse(buf_span(&text), &m, &err), &err);
	undo_changes(&m, &changes, &lost);
	assert_int_equal(changes.n, 1);
	assert_int_equal(changes.v[0].kind, CHANGE_DELETED);
	assert_int_equal(changes.v[0].base_type, CHANGE_FILE);
}

static void test_void_takes_back_the_last_entry(void **state unused)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	struct err err = ERR_INIT;

	CHECK_OK(undo_add_head(&text, &head, &err), &err);
	CHECK_OK(undo_add_entry(&text, &cases[0].entry, &err), &err);
	CHECK_OK(undo_add_entry(&text, &cases[1].entry, &err), &err);
	CHECK_OK(undo_add_void(&text, &err), &err);
	CHECK_OK(undo_add_undone(&text, &err), &err);
	CHECK_OK(undo_parse(buf_span(&text), &m, &err), &err);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.v[0].path, "a-added");
	assert_true(m.undone);
}

static void test_every_cut_leaves_whole_entries(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	auto_buf struct buf start = BUF_INIT(UNDO_ENTRY_MAX);
	struct err err = ERR_INIT;
	size_t last = 0;

	CHECK_OK(undo_add_head(&start, &head, &err), &err);
	write_all(&text);
	for (size_t len = 0; len <= text.len; len++) {
		auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
		const struct span cut = { .p = text.data, .len = len };
		int r = undo_parse(cut, &m, &err);

		CHECK((r == 0) == (len >= start.len), "%zu bytes", len);
		CHECK(m.n >= last && m.n <= last + 1, "%zu bytes", len);
		last = m.n;
	}
	assert_int_equal(last, ARRAY_SIZE(cases));
}

#define START               \
	"bbox-undo 1\0/w\0" \
	"1\0flush\0"
#define ABSENT     \
	"absent\0" \
	"0\0\0\0"

/* clang-format off */
static const struct bad_case {
	const char *name;
	const char *text;
	size_t len;
} bad_cases[] = {
#define BAD(name, text) { name, text, sizeof(text) - 1 }
	BAD("format",        "bbox-undo 2\0/w\0" "1\0flush\0"),
	BAD("workspace",     "bbox-undo 1\0w\0" "1\0flush\0"),
	BAD("kind",          "bbox-undo 1\0/w\0" "1\0x\0"),
	BAD("time",          "bbox-undo 1\0/w\0-1\0flush\0"),
	BAD("record",        START "X\0"),
	BAD("path up",       START "E\0../x\0" ABSENT ABSENT "0\0" "0\0"),
	BAD("absolute",      START "E\0/x\0" ABSENT ABSENT "0\0" "0\0"),
	BAD("type",          START "E\0x\0fifo\0" "0\0\0\0" ABSENT "0\0" "0\0"),
	BAD("mode",          START "E\0x\0directory\0" "4096\0\0\0" ABSENT "0\0" "0\0"),
	BAD("no hash",       START "E\0x\0file\0" "0\0\0\0" ABSENT "0\0" "0\0"),
	BAD("short hash",    START "E\0x\0file\0" "0\0" H16 "\0\0" ABSENT "0\0" "0\0"),
	BAD("long hash",     START "E\0x\0file\0" "0\0" H1 "0\0\0" ABSENT "0\0" "0\0"),
	BAD("hash of none",  START "E\0x\0absent\0" "0\0" H1 "\0\0" ABSENT "0\0" "0\0"),
	BAD("no target",     START "E\0x\0symlink\0" "0\0\0\0" ABSENT "0\0" "0\0"),
	BAD("target of dir", START "E\0x\0directory\0" "0\0\0t\0" ABSENT "0\0" "0\0"),
	BAD("object",        START "E\0x\0" ABSENT ABSENT "x\0" "0\0"),
#undef BAD
};
/* clang-format on */

static void test_damage_is_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
		const struct span text = { .p = bad_cases[i].text,
					   .len = bad_cases[i].len };
		struct err err = ERR_INIT;

		CHECK(undo_parse(text, &m, &err) < 0, "%s", bad_cases[i].name);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest_comes_back),
		cmocka_unit_test(test_changes_put_everything_back),
		cmocka_unit_test(test_entries_of_one_path_are_joined),
		cmocka_unit_test(test_void_takes_back_the_last_entry),
		cmocka_unit_test(test_every_cut_leaves_whole_entries),
		cmocka_unit_test(test_damage_is_refused),
	};

	return RUN_TESTS(tests);
}
