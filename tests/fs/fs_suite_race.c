// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_race.c - several processes at once.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 4
#define ROUNDS	60
#define RECORDS 300
#define RECORD	64 /* bytes */

/* Shared by the workers. */
static struct shared {
	pthread_barrier_t barrier;
	atomic_uint won[ROUNDS];
	atomic_uint wrong; /* what must not happen, happened */
	atomic_uint done;
} * shared;

static int share(void)
{
	pthread_barrierattr_t attr;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	return pthread_barrier_init(&shared->barrier, &attr, WORKERS) ? -1 : 0;
}

/* All workers leave it together. */
static void meet(void)
{
	pthread_barrier_wait(&shared->barrier);
}

/* Runs it in WORKERS processes; how many failed. */
static int work(void (*run)(unsigned worker))
{
	int status, failed = 0;

	fflush(stdout);
	for (unsigned i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (!pid) {
			/* Nobody waits at a barrier for ever. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			run(i);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < WORKERS; i++)
		failed += wait(&status) < 0 || status != 0;
	return failed;
}

static int claim_create(const char *name, unsigned worker unused)
{
	return try_open(name, O_WRONLY | O_CREAT | O_EXCL);
}

static int claim_mkdir(const char *name, unsigned worker unused)
{
	return mkdir(name, 0755);
}

static int claim_symlink(const char *name, unsigned worker unused)
{
	return symlink("x", name);
}

static int claim_link(const char *name, unsigned worker unused)
{
	return link("source", name);
}

static int claim_noreplace(const char *name, unsigned worker)
{
	char own[32];

	snprintf(own, sizeof(own), "own-%u", worker);
	if (put_text(own, own) < 0)
		atomic_fetch_add(&shared->wrong, 1);
	return renameat2(AT_FDCWD, own, AT_FDCWD, name, RENAME_NOREPLACE);
}

static int take_unlink(const char *name, unsigned worker unused)
{
	return unlink(name);
}

static int take_rmdir(const char *name, unsigned worker unused)
{
	return rmdir(name);
}

static int take_rename(const char *name, unsigned worker)
{
	char own[32];

	snprintf(own, sizeof(own), "taken-%u", worker);
	return rename(name, own);
}

/* Each of them may succeed for one process alone. */
static const struct claim {
	const char *name;
	int (*run)(const char *name, unsigned worker);
	int want;  /* errno of those who lose */
	int there; /* what is there before: 'f', 'd', or 0 */
} claims[] = {
	{ "O_EXCL", claim_create, EEXIST, 0 },
	{ "mkdir", claim_mkdir, EEXIST, 0 },
	{ "symlink", claim_symlink, EEXIST, 0 },
	{ "link", claim_link, EEXIST, 0 },
	{ "RENAME_NOREPLACE", claim_noreplace, EEXIST, 0 },
	{ "unlink", take_unlink, ENOENT, 'f' },
	{ "rmdir", take_rmdir, ENOENT, 'd' },
	{ "rename", take_rename, ENOENT, 'f' },
};

static const struct claim *claim;

static void claim_all(unsigned worker)
{
	char name[16];

	for (unsigned i = 0; i < suite_scaled(ROUNDS); i++) {
		numbered(name, sizeof(name), "n", i);
		meet();
		if (claim->run(name, worker) == 0)
			atomic_fetch_add(&shared->won[i], 1);
		else if (errno != claim->want)
			atomic_fetch_add(&shared->wrong, 1);
	}
}

static void exactly_one_wins(void)
{
	const unsigned rounds = suite_scaled(ROUNDS);
	char name[16];

	for (size_t c = 0; c < ARRAY_SIZE(claims); c++) {
		unsigned one = 0;

		claim = &claims[c];
		ROW("%s", claim->name);
		NEED(mkdir("d", 0755));
		NEED(chdir("d"));
		NEED(share());
		NEED(put_text("source", "x"));
		for (unsigned i = 0; claim->there && i < rounds; i++) {
			numbered(name, sizeof(name), "n", i);
			NEED(claim->there == 'd' ? mkdir(name, 0755)
						 : put_text(name, "x"));
		}
		EQUAL(work(claim_all), 0);
		for (unsigned i = 0; i < rounds; i++)
			one += shared->won[i] == 1;
		EQUAL(one, rounds);
		EQUAL(shared->wrong, 0);
		munmap(shared, sizeof(*shared));
		NEED(remove_all_here());
		NEED(chdir(".."));
		NEED(rmdir("d"));
	}
}

static void append_records(unsigned worker)
{
	int fd = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	char record[RECORD];

	memset(record, 'a' + (int)worker, sizeof(record));
	record[RECORD - 1] = '\n';
	for (int i = 0; i < RECORDS; i++)
		if (write(fd, record, RECORD) != RECORD)
			atomic_fetch_add(&shared->wrong, 1);
}

static void appends_do_not_mix(void)
{
	static char log[WORKERS * RECORDS * RECORD + 1];
	unsigned count[WORKERS] = { 0 }, mixed = 0;
	int fd;

	NEED(share());
	NEED(put_text("log", ""));
	EQUAL(work(append_records), 0);
	EQUAL(shared->wrong, 0);
	EQUAL(size_of("log"), WORKERS * RECORDS * RECORD);
	fd = open("log", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	EQUAL(pread(fd, log, sizeof(log), 0), sizeof(log) - 1);
	close(fd);
	for (size_t i = 0; i < sizeof(log) - 1; i += RECORD) {
		char who = log[i];

		for (size_t j = 1; j < RECORD - 1; j++)
			mixed += log[i + j] != who;
		if (who >= 'a' && who < 'a' + WORKERS)
			count[who - 'a']++;
	}
	EQUAL(mixed, 0);
	for (int i = 0; i < WORKERS; i++)
		EQUAL(count[i], RECORDS);
}

/* Three replace a file again and again, the last one reads it meanwhile. */
static void replace_or_read(unsigned worker)
{
	const unsigned rounds = suite_scaled(300);
	char own[16], text[2000], got[sizeof(text) + 1];

	numbered(own, sizeof(own), "own", worker);
	memset(text, 'a' + (int)worker, sizeof(text));
	for (unsigned i = 0; worker && i < rounds; i++)
		if (put(own, text, sizeof(text)) < 0 ||
		    rename(own, "target") < 0)
			atomic_fetch_add(&shared->wrong, 1);
	if (worker)
		atomic_fetch_add(&shared->done, 1);
	while (!worker && atomic_load(&shared->done) < WORKERS - 1) {
		int fd = open("target", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got));

		/* All of one version. */
		if (n != sizeof(text) || got[0] != got[n - 1])
			atomic_fetch_add(&shared->wrong, 1);
		if (fd >= 0)
			close(fd);
	}
}

static void replacing_is_atomic(void)
{
	char text[2000];

	NEED(share());
	memset(text, 'a', sizeof(text));
	NEED(put("target", text, sizeof(text)));
	EQUAL(work(replace_or_read), 0);
	EQUAL(shared->wrong, 0);
	EQUAL(size_of("target"), sizeof(text));
	EQUAL(links_of("target"), 1);
	EQUAL(entries_of("."), 1);
}

/* Each moves its file between directories that the others move, too. */
static void move_about(unsigned worker)
{
	char a[32], b[32];

	snprintf(a, sizeof(a), "d0/f%u", worker);
	snprintf(b, sizeof(b), "d1/f%u", worker);
	for (int i = 0; i < 200; i++) {
		if (rename(a, b) < 0 || rename(b, a) < 0)
			atomic_fetch_add(&shared->wrong, 1);
		if (worker == 0 &&
		    (rename("x", "y") < 0 || rename("y", "x") < 0))
			atomic_fetch_add(&shared->wrong, 1);
	}
}

static void moves_do_not_disturb(void)
{
	char name[32];

	NEED(share());
	NEED(mkdir("d0", 0755));
	NEED(mkdir("d1", 0755));
	NEED(mkdir("x", 0755));
	for (unsigned i = 0; i < WORKERS; i++)
		NEED(put_text(numbered(name, sizeof(name), "d0/f", i), name));
	EQUAL(work(move_about), 0);
	EQUAL(shared->wrong, 0);
	EQUAL(entries_of("d0"), WORKERS);
	EQUAL(entries_of("d1"), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		numbered(name, sizeof(name), "d0/f", i);
		TRUE(holds_text(name, name));
	}
}

/* A counter in a file below a lock loses no count. */
static void count_up(unsigned worker unused)
{
	const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct flock unlock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	int fd = open("counter", O_RDWR | O_CLOEXEC);
	unsigned n = 0;

	for (int i = 0; i < 200; i++) {
		if (fcntl(fd, F_SETLKW, &lock) < 0 ||
		    pread(fd, &n, sizeof(n), 0) != sizeof(n))
			atomic_fetch_add(&shared->wrong, 1);
		n++;
		if (pwrite(fd, &n, sizeof(n), 0) != sizeof(n) ||
		    fcntl(fd, F_SETLK, &unlock) < 0)
			atomic_fetch_add(&shared->wrong, 1);
	}
}

static void counting_below_a_lock(void)
{
	const unsigned want = WORKERS * 200;

	NEED(share());
	NEED(put("counter", &(unsigned){ 0 }, sizeof(unsigned)));
	EQUAL(work(count_up), 0);
	EQUAL(shared->wrong, 0);
	TRUE(holds("counter", &want, sizeof(want)));
}

/* Everybody makes and removes files in one directory. */
static void make_and_remove(unsigned worker)
{
	const unsigned n = 3 * suite_scaled(100);
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "w%u-%u", worker, i);
		if (put_text(name, name) < 0 || !holds_text(name, name))
			atomic_fetch_add(&shared->wrong, 1);
		if (i % 3 && unlink(name) < 0)
			atomic_fetch_add(&shared->wrong, 1);
	}
}

static void one_directory_for_all(void)
{
	NEED(share());
	EQUAL(work(make_and_remove), 0);
	EQUAL(shared->wrong, 0);
	EQUAL(entries_of("."), WORKERS * suite_scaled(100));
}

const struct suite_test suite_race[] = {
	{ "exactly one wins", exactly_one_wins },
	{ "appends do not mix", appends_do_not_mix },
	{ "replacing is atomic", replacing_is_atomic },
	{ "moves do not disturb", moves_do_not_disturb },
	{ "counting below a lock", counting_below_a_lock },
	{ "one directory for all", one_directory_for_all },
	{ NULL, NULL },
};
