// SPDX-License-Identifier: Apache-2.0
/*
 * modules_test.c - module dependencies, from honest and from hostile files.
 */
#include "domain/kernel/modules.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"

#define FILE_MAX       ((size_t)64 * 1024)
#define NAMES_AT       ((size_t)64) /* section names: 32 bytes */
#define INFO_AT	       ((size_t)96) /* .modinfo: 512 bytes */
#define INFO_SIZE      ((size_t)512)
#define TABLE_AT       (INFO_AT + INFO_SIZE)
#define FILE_SIZE      (TABLE_AT + (size_t)3 * 64)
#define SECTION(i, at) (TABLE_AT + (size_t)(i)*64 + (at))

static void put(uint8_t *file, size_t at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		file[at + i] = (uint8_t)(value >> (8 * i));
}

/* A module with a null section, the section names and .modinfo. */
static void make_module(uint8_t file[FILE_SIZE], const char *depends)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	int n;

	memset(file, 0, FILE_SIZE);
	memcpy(file, ident, sizeof(ident));
	put(file, 40, TABLE_AT, 8);
	put(file, 58, 64, 2);
	put(file, 60, 3, 2);
	put(file, 62, 1, 2);
	memcpy(file + NAMES_AT, "\0.shstrtab\0.modinfo", 20);
	put(file, SECTION(1, 0), 1, 4);
	put(file, SECTION(1, 4), 3, 4);
	put(file, SECTION(1, 24), NAMES_AT, 8);
	put(file, SECTION(1, 32), 32, 8);
	put(file, SECTION(2, 0), 11, 4);
	put(file, SECTION(2, 4), 1, 4);
	put(file, SECTION(2, 24), INFO_AT, 8);
	put(file, SECTION(2, 32), INFO_SIZE, 8);
	n = snprintf((char *)file + INFO_AT, INFO_SIZE,
		     "license=GPL%calias=depends=x%cdepends=%s", 0, 0, depends);
	CHECK(n > 0 && (size_t)n < INFO_SIZE, "depends too long");
}

static const struct depends_case {
	const char *depends, *want; /* NULL: refused */
} depends_cases[] = {
	{ "", "" },
	{ "virtio", "virtio " },
	{ "virtio,virtio-ring,net_failover",
	  "virtio virtio_ring net_failover " },
	{ "../evil", NULL },
	{ "a,,b", NULL },
	{ "a b", NULL },
	{ "a\nb", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

static void test_dependencies_are_read(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(depends_cases); i++) {
		const struct depends_case *c = &depends_cases[i];
		auto_buf struct buf text = BUF_INIT(FILE_MAX);
		auto_strv struct strv out = STRV_INIT;
		struct err err = ERR_INIT;
		uint8_t file[FILE_SIZE];
		struct span s = { .p = file, .len = sizeof(file) };

		make_module(file, c->depends);
		if (!c->want) {
			CHECK_FAILS(module_depends(s, &out, &err), &err,
				    ERR_INVALID, "bad module name");
			CHECK(!out.n, "'%s': output touched", c->depends);
			continue;
		}
		CHECK_OK(module_depends(s, &out, &err), &err);
		for (size_t k = 0; k < out.n; k++)
			CHECK_OK(buf_addf(&text, &err, "%s ", out.v[k]), &err);
		CHECK(!strcmp(text.data, c->want), "'%s': got '%s'", c->depends,
		      text.data);
	}
}

/* One field of a good module set to a bad value. */
static const struct damage {
	const char *name;
	size_t at, len;
	uint64_t value;
} damages[] = {
	{ "magic", 0, 1, 0 },
	{ "32 bit", 4, 1, 1 },
	{ "big endian", 5, 1, 2 },
	{ "table beyond the end", 40, 8, FILE_SIZE },
	{ "table wraps", 40, 8, UINT64_MAX - 32 },
	{ "header size", 58, 2, 40 },
	{ "no sections", 60, 2, 0 },
	{ "too many sections", 60, 2, 0xffff },
	{ "one section too many", 60, 2, 4 },
	{ "names index", 62, 2, 3 },
	{ "names beyond the end", SECTION(1, 24), 8, FILE_SIZE - 31 },
	{ "names wrap", SECTION(1, 24), 8, UINT64_MAX },
	{ "names size wraps", SECTION(1, 32), 8, UINT64_MAX },
	{ "names without bits", SECTION(1, 4), 4, 8 },
	{ "name beyond the names", SECTION(2, 0), 4, 0xffffffff },
	{ "name at the names' end", SECTION(2, 0), 4, 30 },
	{ "info beyond the end", SECTION(2, 24), 8, FILE_SIZE },
	{ "info wraps", SECTION(2, 24), 8, UINT64_MAX - 8 },
	{ "info size", SECTION(2, 32), 8, FILE_SIZE },
	{ "info size wraps", SECTION(2, 32), 8, UINT64_MAX },
	{ "info without bits", SECTION(2, 4), 4, 8 },
	{ "no depends", INFO_AT + 28, 1, 'x' },
};

static void test_damaged_files_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		auto_strv struct strv out = STRV_INIT;
		struct err err = ERR_INIT;
		uint8_t file[FILE_SIZE];

		make_module(file, "virtio");
		put(file, damages[i].at, damages[i].value, damages[i].len);
		CHECK(module_depends(
			      (struct span){ .p = file, .len = sizeof(file) },
			      &out, &err) < 0 &&
			      err.kind == ERR_INVALID && !out.n,
		      "%s: accepted", damages[i].name);
	}
}

static void test_every_truncation_is_refused(void **state unused)
{
	uint8_t file[FILE_SIZE];

	make_module(file, "virtio");
	for (size_t len = 0; len < sizeof(file); len++) {
		auto_strv struct strv out = STRV_INIT;
		/* A copy of the exact size, so that ASan sees overreads. */
		auto_free char *copy = xmemdup0(file, len);
		struct err err = ERR_INIT;

		CHECK(module_depends((struct span){ .p = copy, .len = len },
				     &out, &err) < 0,
		      "%zu bytes: accepted", len);
	}
}

static void test_dependencies_are_bounded(void **state unused)
{
	auto_strv struct strv out = STRV_INIT;
	struct err err = ERR_INIT;
	uint8_t file[FILE_SIZE];
	char depends[131];

	for (size_t i = 0; i < sizeof(depends); i++)
		depends[i] = i % 2 ? ',' : 'a';
	depends[sizeof(depends) - 1] = '\0';
	make_module(file, depends);
	CHECK_FAILS(
		module_depends((struct span){ .p = file, .len = sizeof(file) },
			       &out, &err),
		&err, ERR_INVALID, "more than 64 dependencies");
}

struct fake_tree {
	const char *const *modules; /* name, depends, name, depends, ... */
	uint8_t file[FILE_SIZE];
	int reads;
};

static int fake_read(void *data, const char *name, struct span *out,
		     struct err *err)
{
	struct fake_tree *t = data;

	t->reads++;
	for (size_t i = 0; t->modules[i]; i += 2) {
		if (strcmp(t->modules[i], name) != 0)
			continue;
		make_module(t->file, t->modules[i + 1]);
		*out = (struct span){ .p = t->file, .len = sizeof(t->file) };
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "no module '%s'", name);
}

static const struct order_case {
	const char *name;
	const char *wanted[4];
	const char *modules[12];
	const char *want; /* NULL: refused, with @kind and @text */
	enum err_kind kind;
	const char *text;
} order_cases[] = {
	{ "dependencies first",
	  { "net" },
	  { "ring", "", "net", "virtio,ring", "virtio", "" },
	  "virtio ring net ",
	  ERR_NONE,
	  NULL },
	{ "each once",
	  { "blk", "net" },
	  { "blk", "virtio", "net", "virtio", "virtio", "" },
	  "virtio blk net ",
	  ERR_NONE,
	  NULL },
	{ "wanted twice",
	  { "blk", "blk" },
	  { "blk", "" },
	  "blk ",
	  ERR_NONE,
	  NULL },
	{ "built in",
	  { "ext4", "blk" },
	  { "blk", "" },
	  "blk ",
	  ERR_NONE,
	  NULL },
	{ "nothing wanted", { NULL }, { NULL }, "", ERR_NONE, NULL },
	{ "missing dependency",
	  { "blk" },
	  { "blk", "virtio" },
	  NULL,
	  ERR_NOT_FOUND,
	  "module 'virtio': no module 'virtio'" },
	{ "cycle",
	  { "a" },
	  { "a", "b", "b", "c", "c", "a" },
	  NULL,
	  ERR_INVALID,
	  "module 'a' depends on itself" },
	{ "own dependency",
	  { "a" },
	  { "a", "a" },
	  NULL,
	  ERR_INVALID,
	  "module 'a' depends on itself" },
	{ "bad file",
	  { "a" },
	  { "a", "b/c" },
	  NULL,
	  ERR_INVALID,
	  "module 'a': bad module name" },
};

static void test_modules_are_ordered(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(order_cases); i++) {
		const struct order_case *c = &order_cases[i];
		struct fake_tree t = { .modules = c->modules };
		auto_buf struct buf text = BUF_INIT(FILE_MAX);
		auto_strv struct strv out = STRV_INIT;
		struct err err = ERR_INIT;

		if (!c->want) {
			CHECK_FAILS(modules_order(c->wanted, fake_read, &t,
						  &out, &err),
				    &err, c->kind, c->text);
			CHECK(!out.n, "%s: output touched", c->name);
			continue;
		}
		CHECK_OK(modules_order(c->wanted, fake_read, &t, &out, &err),
			 &err);
		CHECK(err.kind == ERR_NONE, "%s: err touched", c->name);
		for (size_t k = 0; k < out.n; k++)
			CHECK_OK(buf_addf(&text, &err, "%s ", out.v[k]), &err);
		CHECK(!strcmp(text.data, c->want), "%s: got '%s'", c->name,
		      text.data);
	}
}

static void test_each_module_is_read_once(void **state unused)
{
	static const char *const modules[] = {
		"a", "c", "b", "c", "c", "", NULL
	};
	static const char *const wanted[] = { "a", "b",	   "gone",
					      "a", "gone", NULL };
	struct fake_tree t = { .modules = modules };
	auto_strv struct strv out = STRV_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(modules_order(wanted, fake_read, &t, &out, &err), &err);
	CHECK(t.reads == 4, "%d reads", t.reads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dependencies_are_read),
		cmocka_unit_test(test_damaged_files_are_refused),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_dependencies_are_bounded),
		cmocka_unit_test(test_modules_are_ordered),
		cmocka_unit_test(test_each_module_is_read_once),
	};

	return RUN_TESTS(tests);
}
