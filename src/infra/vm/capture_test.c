// SPDX-License-Identifier: Apache-2.0
/*
 * capture_test.c - a log that a hostile guest writes.
 */
#include "infra/vm/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

struct fixture {
	struct loop *loop;
	struct capture capture;
	char *dir, *path; /* owned */
	int guest_fd;	  /* what the guest writes to */
};

static void set_up(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;
	int ends[2];

	*f = (struct fixture){ .capture = CAPTURE_INIT };
	CHECK_OK(
		fs_make_temp_dir(tmp ? tmp : "/tmp", "capture-", &f->dir, &err),
		&err);
	f->path = xasprintf("%s/console.log", f->dir);
	CHECK_OK(loop_new(&f->loop, &err), &err);
	CHECK_OK(fd_socketpair(ends, &err), &err);
	f->guest_fd = ends[0];
	CHECK_OK(capture_start(&f->capture, f->loop, ends[1], f->path, &err),
		 &err);
}

static void tear_down(struct fixture *f)
{
	struct err err = ERR_INIT;

	capture_release(&f->capture);
	loop_free(f->loop);
	fd_close(&f->guest_fd);
	CHECK_OK(fs_remove_tree(f->dir, &err), &err);
	free(f->dir);
	free(f->path);
}

static void say(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;

	CHECK_OK(fd_write_all(f->guest_fd, text, strlen(text), &err), &err);
}

/* Lets the loop read for a moment. */
static void run(struct fixture *f, int ms)
{
	const bool never = false;

	/* It ends by its deadline. */
	discard(loop_run(f->loop, &never,
			 clock_now_ns() + ms * INT64_C(1000000), ERR_IGNORE));
}

static void test_lines_are_kept_and_made_visible(void **state unused)
{
	auto_strv struct strv tail = STRV_INIT;
	struct fixture f;
	struct stat st;

	set_up(&f);
	say(&f, "one\r\n\n\033[31mtwo\nthr");
	run(&f, 20);
	say(&f, "ee");
	capture_finish(&f.capture);
	capture_tail(&f.capture, &tail);
	CHECK(tail.n == 3, "%zu lines", tail.n);
	CHECK(!strcmp(tail.v[0], "one"), "'%s'", tail.v[0]);
	CHECK(!strcmp(tail.v[1], "\\x1b[31mtwo"), "'%s'", tail.v[1]);
	CHECK(!strcmp(tail.v[2], "three"), "'%s'", tail.v[2]);
	CHECK(!stat(f.path, &st) && (st.st_mode & 0777) == 0600, "mode 0%o",
	      st.st_mode);
	/* The file has the bytes as they came. */
	CHECK(st.st_size == 20, "%d bytes", (int)st.st_size);
	tear_down(&f);
}

static void test_only_last_lines_are_kept(void **state unused)
{
	auto_free char *last = NULL, *found = NULL;
	auto_strv struct strv tail = STRV_INIT;
	struct fixture f;

	set_up(&f);
	for (int i = 0; i < 3 * CAPTURE_LINES; i++) {
		auto_free char *line = xasprintf("line %d\n", i);

		say(&f, line);
	}
	capture_finish(&f.capture);
	capture_tail(&f.capture, &tail);
	CHECK(tail.n == CAPTURE_LINES, "%zu lines", tail.n);
	CHECK(!strcmp(tail.v[0], "line 120"), "'%s'", tail.v[0]);
	last = capture_last(&f.capture);
	CHECK(last && !strcmp(last, "line 179"), "'%s'", last);
	found = capture_find(&f.capture, "line 13");
	CHECK(found && !strcmp(found, "line 139"), "'%s'", found);
	assert_null(capture_find(&f.capture, "line 119"));
	tear_down(&f);
}

static void test_nothing_said_has_no_last_line(void **state unused)
{
	struct fixture f;

	set_up(&f);
	capture_finish(&f.capture);
	assert_null(capture_last(&f.capture));
	tear_down(&f);
}

static void test_flood_fills_neither_disk_nor_memory(void **state unused)
{
	static char block[1024 * 1024];
	auto_free char *last = NULL;
	struct fixture f;
	struct stat st;

	set_up(&f);
	memset(block, 'x', sizeof(block));
	assert_int_equal(fcntl(f.guest_fd, F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 300; i++) {
		/* As much as fits; the rest is what a guest would wait for. */
		discard(write(f.guest_fd, block, sizeof(block)));
		run(&f, 1);
	}
	capture_finish(&f.capture);
	assert_int_equal(stat(f.path, &st), 0);
	CHECK((uint64_t)st.st_size > CAPTURE_FILE_MAX, "only %d bytes came",
	      (int)st.st_size);
	CHECK((uint64_t)st.st_size < CAPTURE_FILE_MAX + 100, "%d bytes",
	      (int)st.st_size);
	last = capture_last(&f.capture);
	CHECK(last && strlen(last) == CAPTURE_LINE_MAX, "length %zu",
	      strlen(last));
	tear_down(&f);
}

static void test_end_of_file_does_not_spin(void **state unused)
{
	struct fixture f;

	set_up(&f);
	fd_close(&f.guest_fd);
	run(&f, 5);
	CHECK(f.capture.source.fd == -1, "still watched");
	tear_down(&f);
}

static void test_symlink_is_not_followed(void **state unused)
{
	struct capture c = CAPTURE_INIT;
	struct err err = ERR_INIT;
	struct fixture f;
	auto_free char *link = NULL;

	set_up(&f);
	link = xasprintf("%s/link", f.dir);
	assert_int_equal(symlink(f.path, link), 0);
	CHECK_FAILS(capture_start(&c, f.loop, open("/dev/null", O_RDONLY), link,
				  &err),
		    &err, ERR_SYSTEM, "link'");
	capture_release(&c);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_kept_and_made_visible),
		cmocka_unit_test(test_only_last_lines_are_kept),
		cmocka_unit_test(test_nothing_said_has_no_last_line),
		cmocka_unit_test(test_flood_fills_neither_disk_nor_memory),
		cmocka_unit_test(test_end_of_file_does_not_spin),
		cmocka_unit_test(test_symlink_is_not_followed),
	};

	return RUN_TESTS(tests);
}
