// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_fetch.c - get the pinned package with apt-get.
 *
 * "apt-get download" needs no root, only package lists. The system's are
 * tried first. When there are none, or none that know the package, lists are
 * fetched into a directory of our own from the system's sources. What apt
 * does is not trusted: the caller verifies the file.
 */
#include "infra/kernel/kernel_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/proc.h"

#define TICK_NS	      INT64_C(250000000)
#define STOP_GRACE_MS 1000
#define LOG_NAME      "apt.log"
#define LOG_MAX	      ((size_t)1024 * 1024) /* bytes */
#define REASON_MAX    300		    /* bytes */
#define MIB	      (1024U * 1024)

struct apt {
	const struct kernel_fetch *f;
	const struct kernel_pin *pin;
	char *apt_get;	 /* owned */
	char *file_path; /* owned; where the package appears */
	char *log_path;	 /* owned */
	struct loop_source source;
	bool exited;
};

static int on_exit_event(struct loop_source *src, uint32_t events unused,
			 struct err *err unused)
{
	container_of(src, struct apt, source)->exited = true;
	return 0;
}

static void show_progress(const struct apt *a)
{
	struct stat st;

	if (stat(a->file_path, &st) < 0)
		return;
	progress_advance(a->f->progress, (uint64_t)st.st_size / MIB,
			 a->pin->size / MIB, "MiB");
}

/* Serves the loop until the child has ended. */
static int await(struct apt *a, struct proc *p, struct err *err)
{
	struct err cause = ERR_INIT;
	int r;

	a->exited = false;
	a->source = LOOP_SOURCE_INIT;
	if (loop_add(a->f->loop, &a->source, p->pidfd, EPOLLIN, on_exit_event,
		     err) < 0)
		return -1;
	do {
		r = loop_run(a->f->loop, &a->exited, clock_now_ns() + TICK_NS,
			     &cause);
		show_progress(a);
	} while (r < 0 && cause.kind == ERR_TIMEOUT);
	loop_remove(a->f->loop, &a->source);
	if (r < 0)
		*err = cause;
	return r;
}

/*
 * The first line that apt calls an error, later ones are consequences; else
 * its last line. The caller frees.
 */
static char *find_reason(const char *log)
{
	const char *found = "";
	size_t len = 0;

	while (*log && !text_starts_with(found, "E:")) {
		size_t n = strcspn(log, "\n");

		if (n > 0) {
			found = log;
			len = n < REASON_MAX ? n : REASON_MAX;
		}
		log += n + (log[n] == '\n');
	}
	return xmemdup0(found, len);
}

static int failure(const struct apt *a, int code, struct err *err)
{
	auto_buf struct buf log = BUF_INIT(LOG_MAX);
	auto_free char *reason = NULL;
	auto_free char *shown = NULL;

	/* Without a log the exit code must do. */
	discard(fs_read_file(a->log_path, &log, ERR_IGNORE));
	reason = find_reason(log.data);
	shown = text_visible(reason);
	return err_set(err, ERR_SYSTEM, "apt-get ended with %d%s%s", code,
		       *shown ? ": " : "", shown);
}

static int run_with_log(struct apt *a, const struct strv *argv, int log_fd,
			struct err *err)
{
	const struct proc_spec spec = {
		.path = a->apt_get,
		.argv = strv_list(argv),
		.envp = a->f->envp,
		.cwd = a->f->dir,
		.stdio = { -1, log_fd, log_fd },
	};
	struct proc p = PROC_INIT;
	int code = 0;

	if (proc_spawn(&spec, &p, err) < 0)
		return -1;
	if (await(a, &p, err) < 0) {
		proc_stop(&p, STOP_GRACE_MS);
		return -1;
	}
	if (proc_wait(&p, -1, &code, err) < 0)
		return -1;
	return code == 0 ? 0 : failure(a, code, err);
}

static int run(struct apt *a, const struct strv *argv, struct err *err)
{
	auto_close int fd = open(
		a->log_path,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "create '%s'", a->log_path);
	return run_with_log(a, argv, fd, err);
}

/* Options that every call gets. */
static void begin(struct strv *argv, const struct strv *more)
{
	strv_add(argv, "apt-get");
	strv_add(argv, "-q");
	/* As root apt would drop to a user who cannot write here. */
	strv_add(argv, "-oAPT::Sandbox::User=root");
	strv_add_all(argv, more);
}

static int download(struct apt *a, const struct strv *options, struct err *err)
{
	auto_strv struct strv argv = STRV_INIT;

	begin(&argv, options);
	strv_add(&argv, "download");
	strv_addf(&argv, "%s:%s=%s", a->pin->package, a->pin->arch,
		  a->pin->version);
	if (run(a, &argv, err) < 0)
		return -1;
	if (access(a->file_path, F_OK) < 0)
		return err_sys(err, errno, "find '%s'", a->file_path);
	return 0;
}

/*
 * A state of our own below @dir: lists, an empty package status, caches. The
 * administrator's hooks around an update are for the system's state, and some
 * fail without root: #clear works in a file given by -c only.
 */
static int private_state(const struct kernel_fetch *f, struct strv *options,
			 struct err *err)
{
	static const char conf[] = "#clear APT::Update::Pre-Invoke;\n"
				   "#clear APT::Update::Post-Invoke;\n"
				   "#clear APT::Update::Post-Invoke-Success;\n";
	static const char *const dirs[] = { "lists/partial",
					    "cache/archives/partial" };
	auto_free char *conf_path = xasprintf("%s/apt.conf", f->dir);
	auto_free char *status_path = xasprintf("%s/status", f->dir);

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", f->dir, dirs[i]);

		if (fs_mkdir_all(path, 0700, err) < 0)
			return -1;
	}
	if (fs_replace_file(conf_path, conf, strlen(conf), 0600, err) < 0 ||
	    fs_replace_file(status_path, "", 0, 0600, err) < 0)
		return -1;
	strv_addf(options, "-c%s", conf_path);
	strv_addf(options, "-oDir::State::lists=%s/lists", f->dir);
	strv_addf(options, "-oDir::State::status=%s", status_path);
	strv_addf(options, "-oDir::Cache=%s/cache", f->dir);
	strv_add(options, "-oAcquire::Languages=none");
	return 0;
}

static int download_with_own_lists(struct apt *a, struct err *err)
{
	auto_strv struct strv options = STRV_INIT;
	auto_strv struct strv argv = STRV_INIT;
	struct err update_err = ERR_INIT;
	int r;

	if (private_state(a->f, &options, err) < 0)
		return -1;
	begin(&argv, &options);
	strv_add(&argv, "update");
	r = run(a, &argv, &update_err);
	if (r < 0 && update_err.kind == ERR_CANCELLED) {
		*err = update_err;
		return -1;
	}
	/* One dead source of several does not matter: try anyway. */
	if (download(a, &options, err) == 0)
		return 0;
	if (r < 0 && err->kind != ERR_CANCELLED) {
		*err = update_err;
		return err_wrap(err, "update package lists");
	}
	return -1;
}

static int fetch(struct apt *a, struct err *err)
{
	static const struct strv none = STRV_INIT;
	struct err cause = ERR_INIT;

	if (proc_find("apt-get", a->f->path_var, &a->apt_get, err) < 0)
		return -1;
	if (download(a, &none, &cause) == 0)
		return 0;
	if (cause.kind == ERR_CANCELLED) {
		*err = cause;
		return -1;
	}
	return download_with_own_lists(a, err);
}

int kernel_fetch_apt(const struct kernel_fetch *f, const struct kernel_pin *pin,
		     char **out_path, struct err *err)
{
	auto_free char *name = kernel_pin_file_name(pin);
	struct apt a = {
		.f = f,
		.pin = pin,
		.file_path = xasprintf("%s/%s", f->dir, name),
		.log_path = xasprintf("%s/%s", f->dir, LOG_NAME),
	};
	int r = fetch(&a, err);

	if (r == 0)
		*out_path = take_ptr(a.file_path);
	free(a.apt_get);
	free(a.file_path);
	free(a.log_path);
	return r;
}
