// SPDX-License-Identifier: Apache-2.0
/*
 * layer_path_test.c - names inside a layer.
 */
#include "infra/oci/layer_path.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

/* clang-format off */
static const struct clean_case {
	const char *raw;
	const char *want; /* NULL: escapes */
	size_t depth;
} clean_cases[] = {
	{ "usr/bin/foo",           "usr/bin/foo",  3 },
	{ "./usr/bin/bar",         "usr/bin/bar",  3 },
	{ "/etc/passwd",           "etc/passwd",   2 },
	{ "/../../x",              "x",            1 },
	{ "a//b/./c/",             "a/b/c",        3 },
	{ "a/b/../c",              "a/c",          2 },
	{ "a/..",                  "",             0 },
	{ ".",                     "",             0 },
	{ "/",                     "",             0 },
	{ "",                      "",             0 },
	{ "...",                   "...",          1 },
	{ "..a/b..",               "..a/b..",      2 },
	{ "..",                    NULL,           0 },
	{ "../secret",             NULL,           0 },
	{ "../../etc/passwd",      NULL,           0 },
	{ "usr/../../etc/shadow",  NULL,           0 },
	{ "a/../../a/x",           NULL,           0 },
};

static const struct target_case {
	const char *link, *target;
	bool allowed;
} target_cases[] = {
	{ "usr/bin/link",  "real",                              true  },
	{ "usr/bin/link",  "../../etc/passwd",                  true  },
	{ "usr/bin/link",  "../../../etc/passwd",               false },
	{ "link",          "../x",                              false },
	{ "link",          "..",                                false },
	{ "a/link",        "..",                                true  },
	{ "a/link",        "../../a/x",                         false },
	{ "link",          "/etc/passwd",                       true  },
	{ "link",          "/a/../b",                           true  },
	{ "link",          "/../../../etc/passwd",              false },
	{ "link",          "/a/../../etc/x",                    false },
	{ "link",          "a/b/../../..",                      false },
	{ "link",          "",                                  false },
};

static const struct whiteout_case {
	const char *leaf;
	enum layer_whiteout want;
	const char *name;
} whiteout_cases[] = {
	{ ".wh.foo",      LAYER_WHITEOUT,    "foo" },
	{ ".wh.",         LAYER_WHITEOUT,    ""    },
	{ ".wh..wh.x",    LAYER_WHITEOUT,    ".wh.x" },
	{ ".wh..wh..opq", LAYER_OPAQUE,      NULL  },
	{ "regular.txt",  LAYER_NO_WHITEOUT, NULL  },
	{ ".whnot",       LAYER_NO_WHITEOUT, NULL  },
	{ "x.wh.y",       LAYER_NO_WHITEOUT, NULL  },
};
/* clang-format on */

static void test_names_are_cleaned_lexically(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(clean_cases); i++) {
		const struct clean_case *c = &clean_cases[i];
		struct layer_path path;
		struct err err = ERR_INIT;

		CHECK_OK(layer_path_clean(c->raw, &path, &err), &err);
		CHECK(path.escapes == !c->want, "'%s': escapes %d", c->raw,
		      path.escapes);
		if (!c->want)
			continue;
		CHECK(!strcmp(path.text, c->want) && path.depth == c->depth,
		      "'%s': got '%s' (%zu)", c->raw, path.text, path.depth);
	}
}

static char *repeat(const char *what, size_t n)
{
	size_t len = strlen(what);
	char *s = xcalloc(n * len + 1, 1);

	for (size_t i = 0; i < n * len; i++)
		s[i] = what[i % len];
	return s;
}

static void test_length_and_depth_are_limited(void **state unused)
{
	auto_free char *name = repeat("x", LAYER_NAME_MAX + 1);
	auto_free char *deep = repeat("d/", LAYER_DEPTH_MAX + 1);
	auto_free char *component = repeat("y", LAYER_NAME_MAX);
	auto_free char *with_slash = xasprintf("%s/", component);
	auto_free char *path = repeat(with_slash, 17);
	struct layer_path out;
	struct err err;

	CHECK_FAILS(layer_path_clean(name, &out, &err), &err, ERR_LIMIT,
		    "exceeds 255 bytes");
	CHECK_FAILS(layer_path_clean(deep, &out, &err), &err, ERR_LIMIT,
		    "deeper than 256");
	CHECK_FAILS(layer_path_clean(path, &out, &err), &err, ERR_LIMIT,
		    "exceeds 4095 bytes");
	deep[LAYER_DEPTH_MAX * 2] = '\0';
	name[LAYER_NAME_MAX] = '\0';
	path[16 * strlen(with_slash) - 1] = '\0';
	CHECK_OK(layer_path_clean(deep, &out, &err), &err);
	CHECK_OK(layer_path_clean(name, &out, &err), &err);
	CHECK_OK(layer_path_clean(path, &out, &err), &err);
	assert_int_equal(strlen(out.text), 4095);
}

static void test_symlinks_may_not_leave_the_root(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(target_cases); i++) {
		const struct target_case *c = &target_cases[i];
		struct layer_path link;
		struct err err = ERR_INIT;
		bool allowed;

		CHECK_OK(layer_path_clean(c->link, &link, &err), &err);
		allowed = layer_path_check_target(&link, c->target, &err) == 0;
		CHECK(allowed == c->allowed, "'%s' -> '%s': %s", c->link,
		      c->target, err.msg);
	}
}

static void test_whiteouts_are_told_by_their_prefix(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(whiteout_cases); i++) {
		const struct whiteout_case *c = &whiteout_cases[i];
		const char *name = NULL;

		CHECK(layer_path_whiteout(c->leaf, &name) == c->want, "'%s'",
		      c->leaf);
		if (c->name)
			assert_string_equal(name, c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_cleaned_lexically),
		cmocka_unit_test(test_length_and_depth_are_limited),
		cmocka_unit_test(test_symlinks_may_not_leave_the_root),
		cmocka_unit_test(test_whiteouts_are_told_by_their_prefix),
	};

	return RUN_TESTS(tests);
}
