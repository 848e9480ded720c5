// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite.c - fs-suite: does a directory behave as POSIX and Linux say?
 *
 * usage: fs-suite DIR [AREA...]
 *
 * The variable FS_SUITE_SCALE, 1 to 100, is how many percent of the files and
 * rounds the slow tests go through, for slow machines.
 *
 * Runs every test in a fresh directory below DIR as the user who calls it, and
 * removes what it made. Output is TAP, the last line is
 * "N passed, N failed, N skipped"; the exit status is 0 or 1.
 *
 * A test is a child process, so that a crash or a hang is one failed case and
 * no descriptor, lock or working directory reaches the next test. Counts are
 * kept in memory that parent and children share.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_SECONDS_MAX 240 /* an emulated machine is slow */
#define ROW_MAX		 160
#define SCALE_FULL	 100 /* percent */
#define SCALED_MIN	 40  /* less would be another test */

static const struct {
	const char *name;
	const struct suite_test *tests;
} areas[] = {
	{ "paths", suite_paths },
	{ "open", suite_open },
	{ "io", suite_io },
	{ "seek", suite_seek },
	{ "truncate", suite_truncate },
	{ "dirs", suite_dirs },
	{ "rename", suite_rename },
	{ "link", suite_link },
	{ "attr", suite_attr },
	{ "times", suite_times },
	{ "access", suite_access },
	{ "readdir", suite_readdir },
	{ "orphan", suite_orphan },
	{ "space", suite_space },
	{ "copy", suite_copy },
	{ "mmap", suite_mmap },
	{ "xattr", suite_xattr },
	{ "lock", suite_lock },
	{ "names", suite_names },
	{ "special", suite_special },
	{ "race", suite_race },
};

static struct {
	unsigned passed, failed, skipped;
} * counts; /* shared with the tests */

static char test_name[64];
static char row[ROW_MAX];
static unsigned scale = SCALE_FULL;

bool suite_root;

unsigned suite_scaled(unsigned n)
{
	unsigned scaled = n * scale / SCALE_FULL;

	if (scaled < SCALED_MIN)
		scaled = SCALED_MIN;
	return scaled < n ? scaled : n;
}

static unsigned next_number(void)
{
	return counts->passed + counts->failed + counts->skipped + 1;
}

static bool report(const char *file, int line, const char *text, bool passed)
{
	const char *slash = strrchr(file, '/');

	printf("%sok %u - %s: %s%s%s\n", passed ? "" : "not ", next_number(),
	       test_name, row, *row ? ": " : "", text);
	if (passed) {
		counts->passed++;
	} else {
		counts->failed++;
		printf("# %s:%d: ", slash ? slash + 1 : file, line);
	}
	return passed;
}

static const char *errno_name(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : "0";
}

bool suite_works(const char *file, int line, const char *text, long long got)
{
	int number = errno;

	if (report(file, line, text, got >= 0))
		return true;
	printf("%s is %lld (%s), want success\n", text, got,
	       errno_name(number));
	return false;
}

bool suite_fails(const char *file, int line, const char *text, long long got,
		 int want)
{
	int number = errno;

	if (report(file, line, text, got == -1 && number == want))
		return true;
	printf("%s is %lld (%s), want -1 (%s)\n", text, got, errno_name(number),
	       errno_name(want));
	return false;
}

bool suite_equal(const char *file, int line, const char *text, long long got,
		 long long want)
{
	int number = errno;

	if (report(file, line, text, got == want))
		return true;
	printf("%s is %lld (%s), want %lld\n", text, got, errno_name(number),
	       want);
	return false;
}

bool suite_true(const char *file, int line, const char *text, bool got)
{
	int number = errno;

	if (report(file, line, text, got))
		return true;
	printf("%s is false (%s)\n", text, errno_name(number));
	return false;
}

void suite_skip(const char *fmt, ...)
{
	va_list ap;

	printf("ok %u - %s: %s # SKIP ", next_number(), test_name, row);
	counts->skipped++;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void suite_row(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row, sizeof(row), fmt, ap);
	va_end(ap);
}

static _Noreturn void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The child's side of one test. */
static _Noreturn void run_test(const struct suite_test *test, const char *dir)
{
	if (chdir(dir) < 0)
		die(dir);
	umask(022);
	alarm(TEST_SECONDS_MAX);
	test->run();
	fflush(stdout);
	_exit(0);
}

static void start_test(const struct suite_test *test, unsigned number)
{
	char dir[32];
	int status;
	pid_t pid;

	snprintf(dir, sizeof(dir), "t%u", number);
	if (mkdir(dir, 0755) < 0)
		die(dir);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_test(test, dir);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	*row = '\0';
	if (status) {
		report(__FILE__, __LINE__, "runs to its end", false);
		printf("ended by signal %d (%s)\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	}
}

static bool is_wanted(const char *area, char **wanted)
{
	if (!*wanted)
		return true;
	while (*wanted)
		if (!strcmp(*wanted++, area))
			return true;
	return false;
}

static void run_areas(char **wanted)
{
	const struct suite_test *test;
	unsigned number = 0;

	for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
		if (!is_wanted(areas[i].name, wanted))
			continue;
		for (test = areas[i].tests; test->name; test++) {
			snprintf(test_name, sizeof(test_name), "%s: %s",
				 areas[i].name, test->name);
			start_test(test, ++number);
		}
	}
}

/* 0, or -1 when it says something else than a number in its range. */
static int read_scale(void)
{
	const char *text = getenv("FS_SUITE_SCALE");
	unsigned long n;
	char *end;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*end || n < 1 || n > SCALE_FULL)
		return -1;
	scale = (unsigned)n;
	return 0;
}

int main(int argc, char **argv)
{
	char top[] = "fs-suite-XXXXXX";

	if (argc < 2 || read_scale() < 0) {
		fprintf(stderr, "usage: [FS_SUITE_SCALE=PERCENT] "
				"fs-suite DIR [AREA...]\n");
		return 2;
	}
	suite_root = geteuid() == 0;
	signal(SIGPIPE, SIG_IGN);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		die("mmap");
	if (chdir(argv[1]) < 0)
		die(argv[1]);
	if (!mkdtemp(top) || chmod(top, 0755) < 0 || chdir(top) < 0)
		die("a directory to work in");
	run_areas(argv + 2);
	snprintf(test_name, sizeof(test_name), "end");
	WORKS(remove_all_here());
	WORKS(chdir(".."));
	WORKS(rmdir(top));
	printf("1..%u\n", next_number() - 1);
	printf("%u passed, %u failed, %u skipped\n", counts->passed,
	       counts->failed, counts->skipped);
	return counts->failed != 0;
}
