// SPDX-License-Identifier: Apache-2.0
/*
 * guest_config_test.c - the session's configuration as text.
 */
#include "domain/vm/guest_config.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define TEXT                                             \
	"layers=2\ntmp_mib=512\nworkspace=1\n"           \
	"workspace_read_only=0\nhostname=bbox\n"         \
	"dns=192.168.127.1\nenv=PATH=/bin\n"             \
	"env=X=a\\nb\\\\c\nenv=EMPTY=\nhost=1.2.3.4 h\n" \
	"mount=ro objects /mnt/git-objects\n"

static void test_reading_and_writing_are_inverse(void **state unused)
{
	struct guest_config c = GUEST_CONFIG_INIT;
	auto_buf struct buf out = BUF_INIT(GUEST_CONFIG_MAX);
	struct err err = ERR_INIT;

	CHECK_OK(guest_config_read(SPAN_STR(TEXT), &c, &err), &err);
	CHECK(c.layer_count == 2 && c.tmp_mib == 512 && c.has_workspace &&
		      !c.workspace_read_only,
	      "numbers");
	CHECK(!strcmp(c.hostname, "bbox") && !strcmp(c.dns, "192.168.127.1"),
	      "texts");
	CHECK(c.image_env.n == 3 && !strcmp(c.image_env.v[1], "X=a\nb\\c") &&
		      !strcmp(c.image_env.v[2], "EMPTY="),
	      "environment");
	CHECK(c.hosts.n == 1 && !strcmp(c.hosts.v[0], "1.2.3.4 h"), "hosts");
	CHECK_OK(guest_config_write(&c, &out, &err), &err);
	CHECK(!strcmp(out.data, TEXT), "got '%s'", out.data);
	guest_config_release(&c);
}

static void test_mounts_are_read(void **state unused)
{
	static const struct {
		const char *text, *tag, *path; /* tag NULL: refused */
		bool read_only;
	} cases[] = {
		{ "ro objects /mnt/git-objects", "objects", "mnt/git-objects",
		  true },
		{ "rw x /a b/c", "x", "a b/c", false },
		{ "", NULL, NULL, false },
		{ "ro", NULL, NULL, false },
		{ "ro x", NULL, NULL, false },
		{ "ro  /a", NULL, NULL, false },
		{ "rx x /a", NULL, NULL, false },
		{ "ro x a", NULL, NULL, false },
		{ "ro x /", NULL, NULL, false },
		{ "ro x /a/../b", NULL, NULL, false },
		{ "ro x //a", NULL, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_guest_mount struct guest_mount m = GUEST_MOUNT_INIT;

		CHECK(guest_mount_read(cases[i].text, &m) == !!cases[i].tag,
		      "'%s'", cases[i].text);
		if (cases[i].tag)
			CHECK(!strcmp(m.tag, cases[i].tag) &&
				      !strcmp(m.path, cases[i].path) &&
				      m.read_only == cases[i].read_only,
			      "'%s': '%s' at '%s'", cases[i].text, m.tag,
			      m.path);
	}
}

static void test_reading_replaces_what_was_there(void **state unused)
{
	struct guest_config c = GUEST_CONFIG_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(guest_config_read(SPAN_STR(TEXT), &c, &err), &err);
	CHECK_OK(guest_config_read(SPAN_STR("env=A=b"), &c, &err), &err);
	CHECK(!c.layer_count && !c.hostname && c.image_env.n == 1,
	      "something is left");
	CHECK_OK(guest_config_read(SPAN_STR(""), &c, &err), &err);
	CHECK(!c.image_env.n, "something is left");
	guest_config_release(&c);
	guest_config_release(&c);
}

static const struct refusal {
	const char *name, *text, *line;
} refusals[] = {
	{ "unknown key", "layers=1\nfoo=1\n", "line 2" },
	{ "no equals sign", "layers\n", "line 1" },
	{ "empty line", "layers=1\n\nworkspace=1\n", "line 2" },
	{ "no key", "=1\n", "line 1" },
	{ "key with a blank", "layers =1\n", "line 1" },
	{ "given twice", "layers=1\nlayers=1\n", "line 2" },
	{ "text given twice", "dns=a\ndns=b\n", "line 2" },
	{ "no number", "layers=\n", "line 1" },
	{ "negative", "layers=-1\n", "line 1" },
	{ "blank", "layers= 1\n", "line 1" },
	{ "CR", "layers=1\r\n", "line 1" },
	{ "too many layers", "layers=33\n", "line 1" },
	{ "tmp too large", "tmp_mib=65537\n", "line 1" },
	{ "number wraps", "tmp_mib=18446744073709551616\n", "line 1" },
	{ "no boolean", "workspace=2\n", "line 1" },
	{ "words", "workspace=true\n", "line 1" },
	{ "unknown escape", "hostname=a\\tb\n", "line 1" },
	{ "last backslash", "hostname=a\\\n", "line 1" },
};

static void test_bad_text_is_refused_with_its_line(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct guest_config c = { .tmp_mib = 7 };
		struct err err = ERR_INIT;

		CHECK(guest_config_read(SPAN_STR(r->text), &c, &err) < 0,
		      "%s: accepted", r->name);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, r->line),
		      "%s: '%s'", r->name, err.msg);
		CHECK(c.tmp_mib == 7, "%s: output touched", r->name);
	}
}

static void test_nul_and_excess_are_refused(void **state unused)
{
	auto_free char *text = xcalloc(1, GUEST_CONFIG_MAX + 1);
	struct guest_config c = GUEST_CONFIG_INIT;
	struct err err = ERR_INIT;

	CHECK_FAILS(
		guest_config_read((struct span){ "dns=a\0b\n", 8 }, &c, &err),
		&err, ERR_INVALID, "line 1");
	CHECK_FAILS(
		guest_config_read((struct span){ text, GUEST_CONFIG_MAX + 1 },
				  &c, &err),
		&err, ERR_INVALID, "exceeds 1048576 bytes");
	for (size_t i = 0; i < GUEST_CONFIG_MAX; i += 8)
		memcpy(text + i, "env=A=b\n", 8);
	CHECK_FAILS(guest_config_read((struct span){ text, GUEST_CONFIG_MAX },
				      &c, &err),
		    &err, ERR_INVALID, "line 4097");
}

static void test_writing_fails_at_the_limit(void **state unused)
{
	struct guest_config c = GUEST_CONFIG_INIT;
	auto_buf struct buf out = BUF_INIT(16);
	struct err err = ERR_INIT;

	CHECK_FAILS(guest_config_write(&c, &out, &err), &err, ERR_LIMIT,
		    "guest configuration: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_and_writing_are_inverse),
		cmocka_unit_test(test_mounts_are_read),
		cmocka_unit_test(test_reading_replaces_what_was_there),
		cmocka_unit_test(test_bad_text_is_refused_with_its_line),
		cmocka_unit_test(test_nul_and_excess_are_refused),
		cmocka_unit_test(test_writing_fails_at_the_limit),
	};

	return RUN_TESTS(tests);
}
