// SPDX-License-Identifier: Apache-2.0
/*
 * fs_server.c - start a file server process for each share, and end it.
 *
 * Theory of operation
 *
 * The process is this program under another name. It gets five descriptors:
 * its end of a socket pair (the VMM gets the other one), the directory, the
 * state directory, its configuration, and a pipe for what it has to say. It
 * ends by itself when the socket is closed, and is killed when we die.
 *
 * What it says is a claim by a process that a guest may have taken over: it is
 * bounded, made visible, and goes to the log only.
 */
#include "infra/vfs/fs_server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/proc.h"
#include "infra/vfs/fs_config.h"
#include "infra/vfs/fs_helper.h"
#include "infra/vfs/vhost_ask.h"

#define SELF		 "/proc/self/exe"
#define START_TIMEOUT_MS 5000
/* To finish the request it is at. */
#define STOP_TIMEOUT_MS 2000
#define LAST_READS_MAX	64U   /* more than a pipe holds */
#define RECORDS_MAX	2000U /* of one share, in the log */

struct fs_server {
	struct file_server base;
	struct fs_server_config config;
};

struct fs_share {
	struct file_share base;
	struct log *log;   /* borrowed */
	struct loop *loop; /* borrowed; NULL: none */
	struct loop_source source;
	char *tag; /* owned */
	struct proc proc;
	int output_fd;	      /* what it says */
	struct buf line;      /* the part of a line that has come so far */
	unsigned int records; /* that came */
	char *last;	      /* owned; the last of them, visible, or NULL */
};

/* What a process is given. */
struct plan {
	int socket_fd, lower_fd, state_fd, config_fd; /* -1: none */
};

#define PLAN_INIT                        \
	((struct plan){ .socket_fd = -1, \
			.lower_fd = -1,  \
			.state_fd = -1,  \
			.config_fd = -1 })

static void plan_release(struct plan *p)
{
	fd_close(&p->socket_fd);
	fd_close(&p->lower_fd);
	fd_close(&p->state_fd);
	fd_close(&p->config_fd);
}
#define auto_plan cleanup_with(plan_release)

static void add_record(struct fs_share *s, struct span line)
{
	char first = line.len ? *(const char *)line.p : '\0';
	const char *letter = first ? strchr(FS_HELPER_LEVELS, first) : NULL;
	enum log_level level = LOG_LEVEL_WARN;
	auto_free char *text = NULL;

	/* What has no level does not come from its log: a dying libc. */
	if (letter) {
		level = (enum log_level)(letter - FS_HELPER_LEVELS);
		discard(span_skip(&line, 1));
	}
	if (!line.len || s->records > RECORDS_MAX)
		return;
	text = xmemdup0(line.p, line.len);
	free(s->last);
	s->last = text_visible(text);
	if (s->records++ == RECORDS_MAX)
		log_warn(s->log, "vfs: server of '%s' says too much", s->tag);
	else
		log_at(s->log, level, "vfs: '%s': %s", s->tag, s->last);
}

static void add_output(struct fs_share *s, const char *p, size_t len)
{
	struct span rest = { .p = p, .len = len };
	const char *end;

	while (rest.len) {
		size_t room = s->line.max - s->line.len;
		size_t n = rest.len < room ? rest.len : room;

		end = memchr(rest.p, '\n', n);
		if (end)
			n = (size_t)(end - (const char *)rest.p);
		/* Fits: it was counted. */
		discard(buf_add(&s->line, rest.p, n, ERR_IGNORE));
		discard(span_skip(&rest, end ? n + 1 : n));
		if (end || s->line.len == s->line.max) {
			add_record(s, buf_span(&s->line));
			buf_reset(&s->line);
		}
	}
}

/* Reads what there is; 0 at the end, when nobody can say any more. */
static ssize_t read_output(struct fs_share *s)
{
	char chunk[4096];
	ssize_t n;

	do
		n = read(s->output_fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		add_output(s, chunk, (size_t)n);
	return n;
}

static int on_output(struct loop_source *source, uint32_t events unused,
		     struct err *err unused)
{
	struct fs_share *s = container_of(source, struct fs_share, source);

	if (!read_output(s)) {
		log_error(s->log, "vfs: server of '%s' is gone", s->tag);
		loop_remove(s->loop, source);
		if (s->base.on_end)
			s->base.on_end(s->base.ctx);
	}
	return 0;
}

/* What is left in the pipe, even if somebody goes on filling it. */
static void read_last_words(struct fs_share *s)
{
	for (unsigned int i = 0; s->output_fd >= 0 && i < LAST_READS_MAX; i++) {
		if (read_output(s) <= 0)
			break;
	}
	add_record(s, buf_span(&s->line));
	buf_reset(&s->line);
}

/* A pipe whose writer never waits for a reader that is busy elsewhere. */
static int open_output(int out[2], struct err *err)
{
	if (fd_pipe(out, err) < 0)
		return -1;
	if (fd_set_nonblocking(out[0], err) == 0 &&
	    fd_set_nonblocking(out[1], err) == 0)
		return 0;
	fd_close(&out[0]);
	fd_close(&out[1]);
	return -1;
}

static int spawn(struct fs_share *s, const char *binary, const struct plan *p,
		 struct err *err)
{
	static const char *const no_env[] = { NULL };
	const int keep[] = { p->socket_fd, p->lower_fd, p->config_fd,
			     p->state_fd, -1 };
	auto_strv struct strv argv = STRV_INIT;
	auto_close int output = -1;
	int ends[2];

	if (open_output(ends, err) < 0)
		return -1;
	s->output_fd = ends[0];
	output = ends[1];
	strv_add(&argv, FS_HELPER_NAME);
	strv_addf(&argv, "%d", p->socket_fd);
	strv_addf(&argv, "%d", p->lower_fd);
	if (p->state_fd < 0)
		strv_add(&argv, FS_HELPER_NO_FD);
	else
		strv_addf(&argv, "%d", p->state_fd);
	strv_addf(&argv, "%d", p->config_fd);
	return proc_spawn(
		&(struct proc_spec){
			/* Of the child, before it executes: what we are. */
			.path = binary ? binary : SELF,
			.argv = strv_list(&argv),
			.envp = no_env,
			.stdio = { -1, -1, output },
			.keep_fds = keep,
			.no_new_privs = true,
		},
		&s->proc, err);
}

/* A pattern for exactly this directory of the share's root. */
static char *pattern_of(const char *path)
{
	auto_free char *quoted = xcalloc(2, strlen(path) + 1);
	char *out = quoted;

	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			*out++ = '\\';
		*out++ = *path;
	}
	*out = '\0';
	return xasprintf("/%s/", quoted);
}

/*
 * The guest must not see its own state, nor that of other sessions, where
 * the user keeps his cache in what he shares.
 */
static int hide_state(const struct vm_share *share, struct exclude **x,
		      struct err *err)
{
	auto_free char *root = NULL, *state = NULL, *dir = NULL;
	auto_free char *pattern = NULL;
	const char *below;

	if (fs_real_path(share->path, &root, err) < 0 ||
	    fs_real_path(share->state_dir, &state, err) < 0)
		return -1;
	dir = path_dir(state);
	below = path_below(root, dir);
	if (!below)
		return 0;
	if (!*below)
		return err_set(err, ERR_INVALID,
			       "'%s' is full of states of sessions", root);
	if (!*x)
		return err_set(err, ERR_INVALID,
			       "'%s' holds the state of sessions, and nothing "
			       "is hidden",
			       root);
	pattern = pattern_of(below);
	if (exclude_add_pattern(*x, pattern, err) < 0)
		return err_wrap(err, "hide '%s'", dir);
	return 0;
}

/* A copy that is ours to add to. */
static int copy_exclude(const struct exclude *from, struct exclude **out,
			struct err *err)
{
	auto_buf struct buf saved = BUF_INIT(EXCLUDE_SAVED_MAX);

	if (exclude_save(from, &saved, err) < 0)
		return -1;
	return exclude_load(buf_span(&saved), out, err);
}

static int make_config(const struct vm_share *share, int *out_fd,
		       struct err *err)
{
	auto_fs_config struct fs_config config = FS_CONFIG_INIT;

	config.read_only = share->mode == VM_SHARE_RO;
	config.direct = share->mode == VM_SHARE_RW;
	if (!config.direct && share->exclude &&
	    copy_exclude(share->exclude, &config.exclude, err) < 0)
		return -1;
	if (share->mode == VM_SHARE_COW &&
	    hide_state(share, &config.exclude, err) < 0)
		return -1;
	*out_fd = fs_config_write(&config, err);
	return *out_fd < 0 ? -1 : 0;
}

static int start(struct fs_share *s, const struct fs_server *server,
		 const struct vm_share *share, struct err *err)
{
	auto_plan struct plan p = PLAN_INIT;
	int ends[2];

	p.lower_fd = fd_open_dir(share->path, err);
	if (p.lower_fd < 0)
		return -1;
	if (share->mode == VM_SHARE_COW) {
		p.state_fd = fd_open_dir(share->state_dir, err);
		if (p.state_fd < 0)
			return -1;
	}
	if (make_config(share, &p.config_fd, err) < 0 ||
	    fd_socketpair(ends, err) < 0)
		return -1;
	s->base.vhost_fd = ends[0];
	p.socket_fd = ends[1];
	return spawn(s, server->config.binary, &p, err);
}

/* What it was given is closed here by now, so that its end is seen. */
static int wait_ready(struct fs_share *s, struct err *err)
{
	if (vhost_ask_features(s->base.vhost_fd, START_TIMEOUT_MS, err) < 0) {
		/* Then it has said all, or share_stop() kills it. */
		fd_close(&s->base.vhost_fd);
		discard(proc_wait(&s->proc, STOP_TIMEOUT_MS, NULL, ERR_IGNORE));
		read_last_words(s);
		return s->last ? err_wrap(err, "%s", s->last) : -1;
	}
	if (!s->loop)
		return 0;
	return loop_add(s->loop, &s->source, s->output_fd, EPOLLIN, on_output,
			err);
}

static void stop_process(struct fs_share *s)
{
	int code = 0;

	if (s->proc.pidfd < 0)
		return;
	if (proc_wait(&s->proc, STOP_TIMEOUT_MS, &code, ERR_IGNORE) < 0) {
		log_warn(s->log, "vfs: server of '%s' hangs, killing it",
			 s->tag);
		discard(proc_signal(&s->proc, SIGKILL, ERR_IGNORE));
		discard(proc_wait(&s->proc, -1, NULL, ERR_IGNORE));
	} else if (code) {
		log_error(s->log, "vfs: server of '%s' ended with code %d",
			  s->tag, code);
	}
}

static void share_stop(struct file_share *base)
{
	struct fs_share *s = container_of(base, struct fs_share, base);

	if (s->loop)
		loop_remove(s->loop, &s->source);
	/* The VMM's copy went with the VMM; without ours the server ends. */
	fd_close(&s->base.vhost_fd);
	stop_process(s);
	read_last_words(s);
	fd_close(&s->output_fd);
	buf_release(&s->line);
	free(s->last);
	free(s->tag);
	free(s);
}

static const struct file_share_ops share_ops = { .stop = share_stop };

static int serve(struct file_server *base, const struct vm_share *share,
		 struct file_share **out, struct err *err)
{
	const struct fs_server *server =
		container_of(base, struct fs_server, base);
	struct fs_share *s;

	s = xcalloc(1, sizeof(*s));
	s->base = (struct file_share){ .ops = &share_ops, .vhost_fd = -1 };
	s->log = server->config.log;
	s->loop = server->config.loop;
	s->source = LOOP_SOURCE_INIT;
	s->tag = xstrdup(share->tag);
	s->proc = PROC_INIT;
	s->output_fd = -1;
	s->line = BUF_INIT(FS_HELPER_LINE_MAX);
	if (start(s, server, share, err) < 0 || wait_ready(s, err) < 0) {
		share_stop(&s->base);
		return err_wrap(err, "serve '%s'", share->path);
	}
	*out = &s->base;
	return 0;
}

static const struct file_server_ops server_ops = { .serve = serve };

void fs_server_new(const struct fs_server_config *config,
		   struct file_server **out)
{
	struct fs_server *server = xcalloc(1, sizeof(*server));

	server->base.ops = &server_ops;
	server->config = *config;
	*out = &server->base;
}

void fs_server_free(struct file_server *server)
{
	if (server)
		free(container_of(server, struct fs_server, base));
}
