// SPDX-License-Identifier: Apache-2.0
/*
 * debian_kernel_test.c - the refusals of the port. (Success needs the pinned
 * package and is seen by the tests that boot.)
 */
#include "infra/kernel/debian_kernel.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/kernel/kernel_pin.h"
#include "infra/sys/fs.h"
#include "support/check.h"

static unsigned int failures;

static void on_event(struct progress *p unused, enum progress_event event,
		     const char *msg unused)
{
	failures += event == PROGRESS_FAIL;
}

static void on_advance(struct progress *p unused, uint64_t done unused,
		       uint64_t total unused, const char *unit unused)
{
}

static const struct progress_ops progress_ops = { .event = on_event,
						  .advance = on_advance };

/* clang-format off */
static const struct refusal_case {
	const char *name, *deb_path;
	mode_t mode; /* of the store */
	bool never_fetch;
	enum err_kind kind;
	const char *text;
} refusal_cases[] = {
	{ "no such file",   "/nonexistent/k.deb", 0700, false, ERR_NOT_FOUND,
	  "'/nonexistent/k.deb': open the package: No such file" },
	{ "the remedy",     "/nonexistent/k.deb", 0700, false, ERR_NOT_FOUND,
	  "; BBOX_KERNEL_DEB must name the Debian package linux-image-" },
	{ "not a file",     "/dev/zero",          0700, false, ERR_INVALID,
	  "not a file" },
	{ "other file",     "/proc/self/exe",     0700, false, ERR_INTEGRITY,
	  "bytes, expected" },
	{ "no apt",         NULL,                 0700, false, ERR_NOT_FOUND,
	  "apt-get" },
	{ "may not fetch",  "",                   0700, true, ERR_NOT_FOUND,
	  "downloading is switched off; or download that Debian package" },
	{ "open to others", NULL,                 0770, false, ERR_PERMISSION,
	  "too open" },
};
/* clang-format on */

static void check_refusal(const struct refusal_case *c, struct loop *loop,
			  const char *cache)
{
	struct progress progress = { .ops = &progress_ops };
	struct log log = LOG_DISCARD;
	const char *const envp[] = { NULL };
	const struct debian_kernel_config config = {
		.loop = loop,
		.log = &log,
		.cache_dir = cache,
		.deb_path = c->deb_path,
		.never_fetch = c->never_fetch,
		.envp = envp,
		.path_var = "/nonexistent",
	};
	struct kernel_source *s = debian_kernel_new(&config);
	auto_free char *store = xasprintf("%s/firmware", cache);
	struct kernel kernel = KERNEL_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_all(store, 0700, &err), &err);
	assert_int_equal(chmod(store, c->mode), 0);
	failures = 0;
	CHECK(kernel_source_get(s, &progress, &kernel, &err) < 0,
	      "%s: succeeded", c->name);
	CHECK(err.kind == c->kind && strstr(err.msg, c->text), "%s: %s",
	      c->name, err.msg);
	assert_null(kernel.version);
	assert_int_equal(failures, c->mode == 0700);
	debian_kernel_free(s);
}

static void test_refusals_name_the_thing_and_the_remedy(void **state unused)
{
	if (!kernel_pin_find(kernel_pin_host_arch()))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		struct err err = ERR_INIT;
		struct loop *loop;
		char *cache;

		CHECK_OK(loop_new(&loop, &err), &err);
		CHECK_OK(fs_make_temp_dir("/tmp", "bbox-deb-", &cache, &err),
			 &err);
		check_refusal(&refusal_cases[i], loop, cache);
		CHECK_OK(fs_remove_tree(cache, &err), &err);
		free(cache);
		loop_free(loop);
	}
}

static void test_every_pin_is_complete(void **state unused)
{
	const struct kernel_pin *pin = kernel_pin_find("amd64");
	auto_free char *name = kernel_pin_file_name(pin);

	assert_int_equal(strlen(pin->sha256), 64);
	assert_int_equal(strspn(pin->sha256, "0123456789abcdef"), 64);
	assert_non_null(strstr(pin->package, pin->release));
	assert_string_equal(name, "linux-image-6.1.0-50-cloud-amd64_"
				  "6.1.176-1_amd64.deb");
	assert_null(kernel_pin_find("unknown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals_name_the_thing_and_the_remedy),
		cmocka_unit_test(test_every_pin_is_complete),
	};

	return RUN_TESTS(tests);
}
