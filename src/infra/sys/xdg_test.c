// SPDX-License-Identifier: Apache-2.0
/*
 * xdg_test.c - tests of infra/sys/xdg.
 */
#include "infra/sys/xdg.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* clang-format off */
static const struct xdg_case {
	const char *name, *xdg, *config, *state, *cache;
} xdg_cases[] = {
	{ "unset",    NULL,     "/h/.config/broodbox",
	  "/h/.local/state/broodbox", "/h/.cache/broodbox" },
	{ "empty",    "",       "/h/.config/broodbox",
	  "/h/.local/state/broodbox", "/h/.cache/broodbox" },
	{ "relative", "x/y",    "/h/.config/broodbox",
	  "/h/.local/state/broodbox", "/h/.cache/broodbox" },
	{ "absolute", "/x/y",   "/x/y/broodbox",
	  "/x/y/broodbox",            "/x/y/broodbox" },
};
/* clang-format on */

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void test_directories_follow_the_environment(void **state unused)
{
	setenv("HOME", "/h", 1);
	for (size_t i = 0; i < ARRAY_SIZE(xdg_cases); i++) {
		const struct xdg_case *c = &xdg_cases[i];
		struct xdg_dirs d = XDG_DIRS_INIT;
		struct err err = ERR_INIT;

		set("XDG_CONFIG_HOME", c->xdg);
		set("XDG_STATE_HOME", c->xdg);
		set("XDG_CACHE_HOME", c->xdg);
		CHECK_OK(xdg_dirs_find(&d, &err), &err);
		CHECK(!strcmp(d.home, "/h"), "%s: %s", c->name, d.home);
		CHECK(!strcmp(d.config, c->config), "%s: %s", c->name,
		      d.config);
		CHECK(!strcmp(d.state, c->state), "%s: %s", c->name, d.state);
		CHECK(!strcmp(d.cache, c->cache), "%s: %s", c->name, d.cache);
		xdg_dirs_release(&d);
		xdg_dirs_release(&d);
		CHECK(!d.home, "%s: not released", c->name);
	}
}

static void test_home_falls_back_to_the_passwd_entry(void **state unused)
{
	static const char *const useless[] = { NULL, "", "not/absolute" };

	for (size_t i = 0; i < ARRAY_SIZE(useless); i++) {
		struct xdg_dirs d = XDG_DIRS_INIT;
		struct err err = ERR_INIT;

		set("HOME", useless[i]);
		/* A container's user need not have an entry. */
		if (xdg_dirs_find(&d, &err) < 0) {
			CHECK(err.kind == ERR_NOT_FOUND, "%s", err.msg);
			continue;
		}
		CHECK(d.home[0] == '/', "home '%s'", d.home);
		xdg_dirs_release(&d);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directories_follow_the_environment),
		cmocka_unit_test(test_home_falls_back_to_the_passwd_entry),
	};

	return RUN_TESTS(tests);
}
