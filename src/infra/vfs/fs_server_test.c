// SPDX-License-Identifier: Apache-2.0
/*
 * fs_server_test.c - the life of file server processes: a real one, and some
 * that misbehave.
 *
 * All of them are this program: a real one under its own name, the others as
 * copies of it, whose names tell what they do.
 */
#include "infra/vfs/fs_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "infra/sys/fd.h"
#include "infra/vfs/fs_cage.h"
#include "infra/vfs/fs_config.h"
#include "infra/vfs/fs_helper.h"
#include "infra/vfs/vhost_ask.h"
#include "support/tree.h"

#define ASK_MS	5000
#define SOON_NS INT64_C(1000000000)
/* An unkind one is waited for once, and then killed. */
#define LATE_NS INT64_C(4000000000)

/* Records, one a line, behind the number of their level. */
struct fake_log {
	struct log base;
	struct buf text;
};

static void fake_write(struct log *base, enum log_level level, const char *msg)
{
	struct fake_log *f = container_of(base, struct fake_log, base);
	struct err err = ERR_INIT;

	CHECK_OK(buf_addf(&f->text, &err, "%d %s\n", (int)level, msg), &err);
}

static const struct log_ops fake_log_ops = { .write = fake_write };

/* A workspace "w", a state "c/s/one" and a server over "binary". */
struct fixture {
	char *dir, *workspace, *state, *binary; /* owned */
	struct fake_log log;
	struct file_server *server;
	struct vm_share share;
	struct file_share *running; /* NULL until served */
	struct err err;
};

static void copy_self(const char *to)
{
	auto_close int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_close int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	struct err err = ERR_INIT;

	CHECK(from >= 0 && fd >= 0, "copy to '%s'", to);
	CHECK_OK(fs_copy_fd(from, fd, NULL, &err), &err);
}

/* @name NULL: the real one. */
static void setup(struct fixture *f, const char *name)
{
	*f = (struct fixture){
		.log = { { &fake_log_ops }, BUF_INIT(1024 * 1024) },
		.err = ERR_INIT,
	};
	f->dir = tree_new();
	tree_write(f->dir, "w/file", "content");
	tree_mkdir(f->dir, "c/s/one");
	f->workspace = tree_path(f->dir, "w");
	f->state = tree_path(f->dir, "c/s/one");
	if (name) {
		f->binary = tree_path(f->dir, name);
		copy_self(f->binary);
	}
	f->share = (struct vm_share){ .tag = "workspace",
				      .path = f->workspace,
				      .mode = VM_SHARE_COW,
				      .state_dir = f->state };
	fs_server_new(&(struct fs_server_config){ .binary = f->binary,
						  .log = &f->log.base },
		      &f->server);
}

static void teardown(struct fixture *f)
{
	file_share_stop(f->running);
	fs_server_free(f->server);
	tree_remove(f->dir);
	buf_release(&f->log.text);
	free(f->dir);
	free(f->workspace);
	free(f->state);
	free(f->binary);
}

static void start(struct fixture *f)
{
	CHECK_OK(file_server_serve(f->server, &f->share, &f->running, &f->err),
		 &f->err);
}

static bool says(const struct fixture *f, const char *text)
{
	return strstr(f->log.text.data, text);
}

static void check_says(const struct fixture *f, const char *text)
{
	CHECK(says(f, text), "no '%s' in '%s'", text, f->log.text.data);
}

/* How long it took, nanoseconds. */
static int64_t stop(struct fixture *f)
{
	int64_t start_ns = clock_now_ns();

	file_share_stop(take_ptr(f->running));
	return clock_now_ns() - start_ns;
}

static void test_share_answers_and_ends(void **state unused)
{
	struct fixture f;
	int64_t took_ns;

	setup(&f, NULL);
	start(&f);
	CHECK_OK(vhost_ask_features(f.running->vhost_fd, ASK_MS, &f.err),
		 &f.err);
	assert_true(tree_has(f.state, "records"));
	assert_true(tree_has(f.state, "objects"));
	took_ns = stop(&f);
	CHECK(took_ns < SOON_NS, "took %lld ns", (long long)took_ns);
	assert_false(says(&f, "hangs"));
	assert_false(says(&f, "ended with"));
	assert_int_equal(says(&f, "not caged"), !FS_CAGE_FITS);
	teardown(&f);
}

static void test_read_only_share_needs_no_state(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	f.share.mode = VM_SHARE_RO;
	f.share.state_dir = NULL;
	start(&f);
	CHECK_OK(vhost_ask_features(f.running->vhost_fd, ASK_MS, &f.err),
		 &f.err);
	stop(&f);
	assert_false(says(&f, "ended with"));
	assert_false(tree_has(f.state, "records"));
	teardown(&f);
}

static void test_refusals_name_what_is_wrong(void **state unused)
{
	/* clang-format off */
	static const struct {
		const char *name, *path, *state_dir;
		enum vm_share_mode mode;
		enum err_kind kind;
		const char *text;
	} cases[] = {
		{ "no directory", "gone", "c/s/one", VM_SHARE_COW,
		  ERR_NOT_FOUND, "gone" },
		{ "a file", "w/file", "c/s/one", VM_SHARE_COW,
		  ERR_SYSTEM, "Not a directory" },
		{ "no state", "w", "c/gone", VM_SHARE_COW,
		  ERR_NOT_FOUND, "c/gone" },
		{ "state around", "c/s", "c/s/one", VM_SHARE_COW,
		  ERR_INVALID, "full of states" },
		{ "state inside, nothing hidden", "c", "c/s/one", VM_SHARE_COW,
		  ERR_INVALID, "nothing is hidden" },
		{ "direct, a file", "w/file", NULL, VM_SHARE_RW,
		  ERR_SYSTEM, "Not a directory" },
	};
	/* clang-format on */
	struct fixture f;

	setup(&f, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *path = tree_path(f.dir, cases[i].path);
		auto_free char *state_dir = tree_path(
			f.dir, cases[i].state_dir ? cases[i].state_dir : "");
		const struct vm_share share = { .tag = "t",
						.path = path,
						.mode = cases[i].mode,
						.state_dir = state_dir };

		CHECK_FAILS(
			file_server_serve(f.server, &share, &f.running, &f.err),
			&f.err, cases[i].kind, cases[i].text);
		assert_null(f.running);
	}
	teardown(&f);
}

static void test_direct_share_needs_no_state(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct fixture f;

	setup(&f, NULL);
	f.share.mode = VM_SHARE_RW;
	f.share.state_dir = NULL;
	/* Of no use to it, but no harm either. */
	f.share.exclude = x;
	start(&f);
	CHECK_OK(vhost_ask_features(f.running->vhost_fd, ASK_MS, &f.err),
		 &f.err);
	stop(&f);
	assert_false(says(&f, "ended with"));
	assert_false(tree_has(f.state, "records"));
	assert_false(tree_has(f.workspace, "records"));
	exclude_free(x);
	teardown(&f);
}

static void test_used_state_is_refused_with_its_words(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	tree_write(f.state, "records", "of another session");
	CHECK_FAILS(file_server_serve(f.server, &f.share, &f.running, &f.err),
		    &f.err, ERR_PROTOCOL, "records");
	assert_true(tree_is(f.state, "records", "of another session"));
	teardown(&f);
}

static void test_server_that_ends_tells_why(void **state unused)
{
	struct fixture f;

	setup(&f, "dies");
	CHECK_FAILS(file_server_serve(f.server, &f.share, &f.running, &f.err),
		    &f.err, ERR_PROTOCOL, "bad luck\\x1b");
	check_says(&f, "3 vfs: 'workspace': bad luck");
	teardown(&f);
}

static void test_server_that_hangs_is_killed(void **state unused)
{
	struct fixture f;
	int64_t took_ns;

	setup(&f, "hangs");
	start(&f);
	took_ns = stop(&f);
	CHECK(took_ns < LATE_NS, "took %lld ns", (long long)took_ns);
	check_says(&f, "hangs, killing it");
	check_says(&f, "1 vfs: 'workspace': hanging");
	teardown(&f);
}

static void test_server_that_fails_later_is_logged(void **state unused)
{
	struct fixture f;

	setup(&f, "fails");
	start(&f);
	stop(&f);
	check_says(&f, "3 vfs: server of 'workspace' ended with code 7");
	/* Without a level, as from a dying library. */
	check_says(&f, "2 vfs: 'workspace': *** stack smashed");
	teardown(&f);
}

static void test_flood_of_messages_is_bounded(void **state unused)
{
	struct loop *loop;
	struct fixture f;
	size_t lines = 0;

	setup(&f, "floods");
	CHECK_OK(loop_new(&loop, &f.err), &f.err);
	fs_server_free(f.server);
	fs_server_new(&(struct fs_server_config){ .binary = f.binary,
						  .loop = loop,
						  .log = &f.log.base },
		      &f.server);
	start(&f);
	/* Until it ends, which is an error while it should serve. */
	while (!says(&f, "is gone"))
		discard(loop_run(loop, NULL, clock_now_ns() + SOON_NS / 10,
				 &f.err));
	stop(&f);
	for (const char *at = f.log.text.data; (at = strchr(at, '\n')); at++)
		lines++;
	CHECK(lines > 100 && lines < 2100, "%zu lines", lines);
	check_says(&f, "2 vfs: server of 'workspace' says too much");
	loop_free(loop);
	teardown(&f);
}

static void test_process_gets_what_it_needs_only(void **state unused)
{
	auto_close int secret = open("/etc/passwd", O_RDONLY);
	struct fixture f;

	assert_true(secret >= 0);
	setup(&f, "shows");
	start(&f);
	stop(&f);
	/* Three of standard i/o, four of ours. */
	check_says(&f, "fds 7\n");
	check_says(&f, "environment 0\n");
	check_says(&f, "privileges 0\n");
	teardown(&f);
}

static void test_guest_does_not_see_the_state(void **state unused)
{
	static const char *const hidden[] = {
		"hides c/s[1]*\\/",
		"hides c/s[1]*\\/one/records",
		"hides no/x",
	};
	static const char *const shown[] = {
		"shows c",	     "shows c/s1x",  "shows c/s[1]*",
		"shows d/c/s[1]*\\", "shows w/file",
	};
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct fixture f;

	setup(&f, "reads");
	/* The whole fixture as a workspace, with an awkward name in it. */
	tree_mkdir(f.dir, "c/s[1]*\\/one");
	free(f.state);
	f.state = tree_path(f.dir, "c/s[1]*\\/one");
	CHECK_OK(exclude_add_pattern(x, "no/", &f.err), &f.err);
	CHECK_OK(exclude_add_pattern(x, "!c/", &f.err), &f.err);
	f.share.path = f.dir;
	f.share.state_dir = f.state;
	f.share.exclude = x;
	start(&f);
	stop(&f);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		auto_free char *text = text_visible(hidden[i]);

		check_says(&f, text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		auto_free char *text = text_visible(shown[i]);

		check_says(&f, text);
	}
	/* The caller's own is as it was. */
	assert_false(exclude_matches(x, "c/s[1]*\\", true));
	exclude_free(x);
	teardown(&f);
}

/* In a process of its own: serves with one that hangs, and waits. */
static void be_parent(const struct fixture *f, int ready_fd)
{
	struct file_share *s;

	if (file_server_serve(f->server, &f->share, &s, ERR_IGNORE) == 0)
		discard(write(ready_fd, "r", 1));
	for (;;)
		pause();
}

static void test_process_dies_with_its_parent(void **state unused)
{
	struct fixture f;
	int ends[2], status;
	char byte;
	pid_t pid, orphan;

	setup(&f, "hangs");
	CHECK_OK(fd_pipe(ends, &f.err), &f.err);
	/* Whoever is orphaned becomes our child. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1L), 0);
	pid = fork();
	if (!pid)
		be_parent(&f, ends[1]);
	fd_close(&ends[1]);
	CHECK(read(ends[0], &byte, 1) == 1, "does not serve");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	orphan = waitpid(-1, &status, 0);
	CHECK(orphan > 0, "no orphan");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status 0x%x",
	      (unsigned int)status);
	prctl(PR_SET_CHILD_SUBREAPER, 0L);
	fd_close(&ends[0]);
	teardown(&f);
}

/* Whoever starts it by hand is told so. */
static void test_helper_refuses_other_arguments(void **state unused)
{
	static const struct {
		const char *args[6];
	} cases[] = {
		{ { NULL } },
		{ { "3" } },
		{ { "a", "b", "-", "c" } },
		{ { "0", "1", "-", "2" } },
		{ { "-1", "-1", "-1", "-1" } },
		{ { "999", "999", "-", "999" } },
		{ { "3", "4", "5", "6", "7" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *argv[8] = { (char[]){ FS_HELPER_NAME } };
		int argc = 1;

		for (; cases[i].args[argc - 1]; argc++)
			argv[argc] = xstrdup(cases[i].args[argc - 1]);
		CHECK(fs_helper_main(argc, argv) == 1, "case %zu", i);
		while (--argc)
			free(argv[argc]);
	}
}

/* The processes that misbehave. */

static void say(const char *text)
{
	discard(write(STDERR_FILENO, text, strlen(text)));
}

/* GET_FEATURES with 64 bits of nothing, as the message has it. */
static void answer(int fd)
{
	uint32_t words[5] = { 1, 5, 8 };

	if (read(fd, words, 12) != 12)
		_exit(1);
	words[1] = 5;
	words[2] = 8;
	discard(write(fd, words, sizeof(words)));
}

static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static void show_self(void)
{
	auto_free char *text = NULL;
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0, vars = 0;

	while (dir && readdir(dir))
		n++;
	while (environ[vars])
		vars++;
	/* Less ".", ".." and the listing's own. */
	text = xasprintf("Ifds %zu\nIenvironment %zu\nIprivileges %d\n", n - 3,
			 vars, !prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L));
	say(text);
	if (dir)
		closedir(dir);
}

static void show_config(int fd)
{
	static const struct {
		const char *path;
		bool is_dir;
	} paths[] = {
		{ "c/s[1]*\\/", true },	 { "c/s[1]*\\/one/records", false },
		{ "no/x", false },	 { "c", true },
		{ "c/s1x", true },	 { "c/s[1]*", true },
		{ "d/c/s[1]*\\", true }, { "w/file", false },
	};
	auto_fs_config struct fs_config config = FS_CONFIG_INIT;
	struct err err = ERR_INIT;

	if (fs_config_read(fd, &config, &err) < 0)
		say(err.msg);
	for (size_t i = 0; config.exclude && i < ARRAY_SIZE(paths); i++) {
		auto_free char *text =
			xasprintf("I%s %s\n",
				  exclude_matches(config.exclude, paths[i].path,
						  paths[i].is_dir)
					  ? "hides"
					  : "shows",
				  paths[i].path);

		say(text);
	}
}

static int misbehave(const char *name, int socket_fd, int config_fd)
{
	if (!strcmp(name, "dies")) {
		say("Ebad luck\033\n");
		return 1;
	}
	if (!strcmp(name, "shows"))
		show_self();
	if (!strcmp(name, "reads"))
		show_config(config_fd);
	answer(socket_fd);
	if (!strcmp(name, "hangs")) {
		(void)signal(SIGTERM, SIG_IGN);
		say("Ihanging\n");
		for (;;)
			pause();
	}
	/* All of it fits into the pipe. */
	for (int i = 0; i < 5000 && !strcmp(name, "floods"); i++)
		say("Wflood\n");
	if (strcmp(name, "floods") != 0)
		wait_for_end(socket_fd);
	if (!strcmp(name, "fails"))
		say("*** stack smashed");
	return !strcmp(name, "fails") ? 7 : 0;
}

static int be_helper(int argc, char **argv)
{
	static const char *const names[] = { "dies",  "fails", "floods",
					     "hangs", "reads", "shows" };
	char exe[4096] = "";
	const char *name;

	discard(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	name = strrchr(exe, '/');
	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
		uint64_t socket_fd, config_fd;

		if (!strcmp(name + 1, names[i]) && argc == 5 &&
		    text_parse_u64(argv[1], 1000, &socket_fd) &&
		    text_parse_u64(argv[4], 1000, &config_fd))
			return misbehave(names[i], (int)socket_fd,
					 (int)config_fd);
	}
	return fs_helper_main(argc, argv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share_answers_and_ends),
		cmocka_unit_test(test_read_only_share_needs_no_state),
		cmocka_unit_test(test_refusals_name_what_is_wrong),
		cmocka_unit_test(test_direct_share_needs_no_state),
		cmocka_unit_test(test_used_state_is_refused_with_its_words),
		cmocka_unit_test(test_server_that_ends_tells_why),
		cmocka_unit_test(test_server_that_hangs_is_killed),
		cmocka_unit_test(test_server_that_fails_later_is_logged),
		cmocka_unit_test(test_flood_of_messages_is_bounded),
		cmocka_unit_test(test_process_gets_what_it_needs_only),
		cmocka_unit_test(test_guest_does_not_see_the_state),
		cmocka_unit_test(test_process_dies_with_its_parent),
		cmocka_unit_test(test_helper_refuses_other_arguments),
	};

	if (argc > 0 && !strcmp(argv[0], FS_HELPER_NAME))
		_exit(be_helper(argc, argv));
	return RUN_TESTS(tests);
}
