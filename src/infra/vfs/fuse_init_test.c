// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_init_test.c - versions and flags that kernels offer.
 */
#include "infra/vfs/fuse_init.h"

#include <errno.h>
#include <string.h>

#include "support/check.h"

#define ALL UINT32_MAX

/* clang-format off */
static const struct version_case {
	const char *name;
	uint32_t major, minor;
	int want;
	bool ready;
	uint32_t want_minor;
} version_cases[] = {
	{ "Linux 5.4",            7, 31, 0,       true,  31 },
	{ "Linux 6.1",            7, 37, 0,       true,  37 },
	{ "ours",                 7, 38, 0,       true,  38 },
	{ "newer than ours",      7, 45, 0,       true,  38 },
	{ "largest",              7, ALL, 0,      true,  38 },
	{ "before virtio-fs",     7, 30, -EPROTO, false, 0 },
	{ "older major",          6, 99, -EPROTO, false, 0 },
	{ "zeros",                0, 0,  -EPROTO, false, 0 },
	{ "newer major is told",  8, 0,  0,       false, 38 },
};

static const struct flags_case {
	const char *name;
	uint32_t flags, flags2, want, want2;
	bool setxattr_ext;
} flags_cases[] = {
	{ "none offered, none taken", 0, 0, 0, 0, false },
	{ "only what is offered", FUSE_ASYNC_READ | FUSE_POSIX_LOCKS, 0,
	  FUSE_ASYNC_READ, 0, false },
	{ "longer setxattr", FUSE_SETXATTR_EXT, 0, FUSE_SETXATTR_EXT, 0,
	  true },
	{ "flags2 without INIT_EXT", FUSE_ASYNC_READ, ALL, FUSE_ASYNC_READ, 0,
	  false },
	{ "nothing of flags2 is wanted", FUSE_INIT_EXT, ALL, FUSE_INIT_EXT, 0,
	  false },
	{ "everything offered", ALL, ALL,
	  FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS |
	  FUSE_READDIRPLUS_AUTO |
	  FUSE_NO_OPEN_SUPPORT | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES |
	  FUSE_CACHE_SYMLINKS | FUSE_HANDLE_KILLPRIV_V2 | FUSE_SETXATTR_EXT |
	  FUSE_INIT_EXT, 0, true },
};
/* clang-format on */

static void test_versions(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(version_cases); i++) {
		const struct version_case *c = &version_cases[i];
		const struct fuse_init_in in = { .major = c->major,
						 .minor = c->minor,
						 .max_readahead = 4096 };
		struct fuse_session session = { .ready = true };
		struct fuse_init_out out = { .major = 0 };
		int r = fuse_init_agree(&in, &out, &session);

		CHECK(r == c->want, "%s: %d", c->name, r);
		CHECK(session.ready == c->ready, "%s: ready", c->name);
		CHECK(out.minor == c->want_minor, "%s: minor %u", c->name,
		      out.minor);
		if (r == 0)
			CHECK(out.major == 7, "%s: major", c->name);
	}
}

static void test_flags(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags_cases); i++) {
		const struct flags_case *c = &flags_cases[i];
		const struct fuse_init_in in = { .major = 7,
						 .minor = 38,
						 .flags = c->flags,
						 .flags2 = c->flags2 };
		struct fuse_session session = { .ready = false };
		struct fuse_init_out out;

		CHECK(!fuse_init_agree(&in, &out, &session), "%s", c->name);
		CHECK(out.flags == c->want && out.flags2 == c->want2,
		      "%s: 0x%x 0x%x", c->name, out.flags, out.flags2);
		CHECK(session.setxattr_ext == c->setxattr_ext, "%s: setxattr",
		      c->name);
	}
}

static void test_limits_are_told(void **state unused)
{
	const struct fuse_init_in in = { .major = 7,
					 .minor = 38,
					 .max_readahead = UINT32_MAX };
	struct fuse_session session;
	struct fuse_init_out out;

	CHECK(!fuse_init_agree(&in, &out, &session), "refused");
	CHECK(out.max_write == 1024 * 1024 && out.max_pages == 256,
	      "write %u, %u pages", out.max_write, out.max_pages);
	CHECK(out.max_readahead == 1024 * 1024, "readahead %u",
	      out.max_readahead);
	CHECK(out.congestion_threshold < out.max_background, "background");
	CHECK(out.time_gran == 1, "granularity %u", out.time_gran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_limits_are_told),
	};

	return RUN_TESTS(tests);
}
