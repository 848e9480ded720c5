// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_fetch_test.c - what is asked of apt-get, played by a shell script.
 */
#include "infra/kernel/kernel_fetch.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fs.h"
#include "support/check.h"

static const struct kernel_pin pin = { .arch = "amd64",
				       .package = "linux-x",
				       .version = "1-2",
				       .release = "x",
				       .sha256 = "aa",
				       .size = 8 * 1024 * 1024 };

/* Every script starts by writing down what it was asked. */
#define NOTE "#!/bin/sh\necho \"$@\" >> ../asked\n"
#define GIVE "echo data > linux-x_1-2_amd64.deb\n"

static struct loop *loop;

struct fixture {
	char *top, *dir; /* owned */
	struct progress progress;
	struct kernel_fetch fetch;
	char *out; /* owned */
};

static unsigned int advances;

static void on_event(struct progress *p unused,
		     enum progress_event event unused, const char *msg unused)
{
}

static void on_advance(struct progress *p unused, uint64_t done, uint64_t total,
		       const char *unit)
{
	assert_true(done <= total);
	assert_int_equal(total, 8);
	assert_string_equal(unit, "MiB");
	advances++;
}

static const struct progress_ops progress_ops = { .event = on_event,
						  .advance = on_advance };

static void begin(struct fixture *f, const char *script)
{
	static const char *const envp[] = { "PATH=/usr/bin:/bin", NULL };
	auto_free char *program = NULL;
	struct err err = ERR_INIT;

	*f = (struct fixture){ .progress = { .ops = &progress_ops } };
	CHECK_OK(fs_make_temp_dir("/tmp", "bbox-fetch-", &f->top, &err), &err);
	f->dir = xasprintf("%s/dir", f->top);
	program = xasprintf("%s/apt-get", f->top);
	CHECK_OK(fs_mkdir_all(f->dir, 0700, &err), &err);
	CHECK_OK(fs_replace_file(program, script, strlen(script), 0700, &err),
		 &err);
	f->fetch = (struct kernel_fetch){ .loop = loop,
					  .progress = &f->progress,
					  .envp = envp,
					  .path_var = f->top,
					  .dir = f->dir };
	advances = 0;
}

/* What the script was asked, line by line; the caller frees. */
static char *asked(const struct fixture *f)
{
	auto_free char *path = xasprintf("%s/asked", f->top);
	auto_buf struct buf text = BUF_INIT(65536);
	struct err err = ERR_INIT;

	CHECK_OK(fs_read_file(path, &text, &err), &err);
	return buf_take(&text, NULL);
}

static void finish(struct fixture *f)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(f->top, &err), &err);
	free(f->top);
	free(f->dir);
	free(f->out);
}

static void test_the_system_lists_come_first(void **state unused)
{
	auto_free char *calls = NULL;
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, NOTE GIVE);
	CHECK_OK(kernel_fetch_apt(&f.fetch, &pin, &f.out, &err), &err);
	calls = asked(&f);
	assert_string_equal(calls, "-q -oAPT::Sandbox::User=root download "
				   "linux-x:amd64=1-2\n");
	assert_non_null(strstr(f.out, "/dir/linux-x_1-2_amd64.deb"));
	assert_int_equal(access(f.out, F_OK), 0);
	assert_true(advances > 0);
	finish(&f);
}

static void test_without_them_own_lists_are_fetched(void **state unused)
{
	auto_free char *calls = NULL;
	auto_free char *lists = NULL;
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, NOTE "case \"$*\" in\n"
		       "*update*) test -d lists/partial || exit 9; "
		       "touch lists/now;;\n"
		       "*) test -e lists/now || exit 100;" GIVE "esac\n");
	CHECK_OK(kernel_fetch_apt(&f.fetch, &pin, &f.out, &err), &err);
	calls = asked(&f);
	lists = xasprintf("-oDir::State::lists=%s/lists", f.dir);
	assert_non_null(strstr(calls, lists));
	assert_non_null(strstr(calls, " update\n"));
	finish(&f);
}

static void test_one_dead_source_does_not_matter(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	begin(&f, NOTE "case \"$*\" in\n*update*) touch now; exit 100;;\n"
		       "*) test -e now || exit 100;" GIVE "esac\n");
	CHECK_OK(kernel_fetch_apt(&f.fetch, &pin, &f.out, &err), &err);
	finish(&f);
}

/* clang-format off */
static const struct failure_case {
	const char *name, *script;
	enum err_kind kind;
	const char *text;
} failure_cases[] = {
	{ "first error line",
	  NOTE "case \"$*\" in *update*) exit 0;; esac\n"
	  "echo reading; echo E: no such package; echo E: more; exit 100\n",
	  ERR_SYSTEM, "apt-get ended with 100: E: no such package" },
	{ "update failed too",
	  NOTE "echo 'E: no network'; exit 100\n",
	  ERR_SYSTEM, "update package lists: apt-get ended with 100: E: no" },
	{ "made visible",
	  NOTE "case \"$*\" in *update*) exit 0;; esac\n"
	  "printf 'E: \\033[2J\\n'; exit 1\n",
	  ERR_SYSTEM, "E: \\x1B[2J" },
	{ "silent",
	  NOTE "exit 3\n", ERR_SYSTEM, "apt-get ended with 3" },
	{ "nothing came",
	  NOTE "exit 0\n", ERR_NOT_FOUND, "linux-x_1-2_amd64.deb" },
};
/* clang-format on */

static void test_failures_say_what_apt_said(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_cases); i++) {
		const struct failure_case *c = &failure_cases[i];
		struct err err = ERR_INIT;
		struct fixture f;

		begin(&f, c->script);
		CHECK(kernel_fetch_apt(&f.fetch, &pin, &f.out, &err) < 0,
		      "%s: succeeded", c->name);
		CHECK(err.kind == c->kind && strcasestr(err.msg, c->text),
		      "%s: %s", c->name, err.msg);
		finish(&f);
	}
}

static void test_a_signal_ends_the_download(void **state unused)
{
	int64_t start_ns = clock_now_ns();
	struct err err;
	struct fixture f;

	begin(&f, NOTE "kill -TERM $PPID; exec sleep 60\n");
	CHECK_FAILS(kernel_fetch_apt(&f.fetch, &pin, &f.out, &err), &err,
		    ERR_CANCELLED, "");
	assert_true(clock_now_ns() - start_ns < INT64_C(20000000000));
	loop_forgive(loop);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_system_lists_come_first),
		cmocka_unit_test(test_without_them_own_lists_are_fetched),
		cmocka_unit_test(test_one_dead_source_does_not_matter),
		cmocka_unit_test(test_failures_say_what_apt_said),
		cmocka_unit_test(test_a_signal_ends_the_download),
	};
	struct err err = ERR_INIT;
	int r;

	if (loop_new(&loop, &err) < 0 || loop_catch_signals(loop, &err) < 0)
		return 1;
	r = RUN_TESTS(tests);
	loop_free(loop);
	return r;
}
