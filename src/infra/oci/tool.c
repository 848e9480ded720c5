// SPDX-License-Identifier: Apache-2.0
/*
 * tool.c - a program that works for us.
 *
 * Theory of operation
 *
 * Whoever reads the tool's output waits in the loop, and so do its messages,
 * its end and the user's interrupt: none can hold up another. Its standard
 * error is cut into lines as it comes. Lines that look like an error are
 * kept, up to a limit, for our own error; if there are none, the last line is.
 */
#include "infra/oci/tool.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

#define LINE_MAX_BYTES ((size_t)2048)
#define COMPLAINTS_MAX ((size_t)400) /* bytes; the message has a limit too */
#define READ_CHUNK     4096

/* What apt, mmdebstrap and npm put in front of errors. */
static const char *const error_marks[] = {
	"E: ",
	"npm ERR! ",
	"npm error ",
	"error: ",
};

static const char *const passed_names[] = {
	"HOME=",
	"PATH=",
	"LANG=",
	"USER=",
	"LOGNAME=",
	"http_proxy=",
	"https_proxy=",
	"no_proxy=",
	"all_proxy=",
	"HTTP_PROXY=",
	"HTTPS_PROXY=",
	"NO_PROXY=",
	"ALL_PROXY=",
	"APT_CONFIG=",
	"SSL_CERT_FILE=",
	"SSL_CERT_DIR=",
	"NODE_EXTRA_CA_CERTS=",
};

static bool is_complaint(const char *line)
{
	/* Not the call stacks that npm prints as errors too. */
	if (strstr(line, "     at "))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(error_marks); i++) {
		if (text_starts_with(line, error_marks[i]))
			return true;
	}
	return false;
}

static void end_line(struct tool *t)
{
	/* Too many or too long ones are left out. */
	struct err *const full = ERR_IGNORE;

	if (is_complaint(t->line.data))
		discard(buf_addf(&t->complaints, full, "%s%s",
				 t->complaints.len ? "; " : "", t->line.data));
	if (t->line.len) {
		buf_reset(&t->last_line);
		discard(buf_adds(&t->last_line, t->line.data, full));
		if (t->on_line)
			t->on_line(t, t->line.data);
	}
	buf_reset(&t->line);
}

static void take_messages(struct tool *t, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' || p[i] == '\r')
			end_line(t);
		else if (p[i])
			/* The rest of an endless line is dropped. */
			discard(buf_addc(&t->line, p[i], ERR_IGNORE));
	}
}

static int on_messages(struct loop_source *src, uint32_t events unused,
		       struct err *err)
{
	struct tool *t = container_of(src, struct tool, err_source);
	char chunk[READ_CHUNK];
	ssize_t n = read(t->err_fd, chunk, sizeof(chunk));

	if (n > 0) {
		take_messages(t, chunk, (size_t)n);
		return 0;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return err_sys(err, errno, "read messages of '%s'", t->name);
	loop_remove(t->loop, src);
	return 0;
}

static int on_output(struct loop_source *src, uint32_t events unused,
		     struct err *err unused)
{
	container_of(src, struct tool, out_source)->out_ready = true;
	return 0;
}

static int on_exit_event(struct loop_source *src, uint32_t events unused,
			 struct err *err unused)
{
	container_of(src, struct tool, exit_source)->exited = true;
	return 0;
}

static int tool_read(struct source *base, void *buffer, size_t size,
		     size_t *len, struct err *err)
{
	struct tool *t = container_of(base, struct tool, base);
	ssize_t n;

	for (;;) {
		t->out_ready = false;
		if (loop_run(t->loop, &t->out_ready, 0, err) < 0)
			return -1;
		n = read(t->out_fd, buffer, size);
		if (n >= 0)
			break;
		if (errno != EINTR && errno != EAGAIN)
			return err_sys(err, errno, "read from '%s'", t->name);
	}
	*len = (size_t)n;
	return 0;
}

static const struct source_ops tool_ops = { .read = tool_read };

/* One end for the child, the other one non-blocking for us. */
static int make_pipe(int *ours, int *theirs, struct err *err)
{
	int ends[2];

	if (fd_pipe(ends, err) < 0)
		return -1;
	*ours = ends[0];
	*theirs = ends[1];
	return fd_set_nonblocking(ends[0], err);
}

static int watch(struct tool *t, struct err *err)
{
	if (loop_add(t->loop, &t->out_source, t->out_fd, EPOLLIN, on_output,
		     err) < 0 ||
	    loop_add(t->loop, &t->err_source, t->err_fd, EPOLLIN, on_messages,
		     err) < 0)
		return -1;
	return loop_add(t->loop, &t->exit_source, t->proc.pidfd, EPOLLIN,
			on_exit_event, err);
}

int tool_start(struct tool *t, struct loop *loop, const char *name,
	       const char *const *argv, const char *const *envp,
	       const char *cwd, struct err *err)
{
	auto_close int out = -1;
	auto_close int messages = -1;
	struct proc_spec spec = {
		.path = argv[0],
		.argv = argv,
		.envp = envp,
		.cwd = cwd,
	};

	*t = (struct tool){
		.base = { .ops = &tool_ops },
		.loop = loop,
		.name = name,
		.proc = PROC_INIT,
		.out_fd = -1,
		.err_fd = -1,
		.out_source = LOOP_SOURCE_INIT,
		.err_source = LOOP_SOURCE_INIT,
		.exit_source = LOOP_SOURCE_INIT,
		.line = BUF_INIT(LINE_MAX_BYTES),
		.complaints = BUF_INIT(COMPLAINTS_MAX),
		.last_line = BUF_INIT(LINE_MAX_BYTES),
		.on_line = t->on_line,
	};
	if (make_pipe(&t->out_fd, &out, err) < 0 ||
	    make_pipe(&t->err_fd, &messages, err) < 0)
		return -1;
	spec.stdio[0] = -1;
	spec.stdio[1] = out;
	spec.stdio[2] = messages;
	if (proc_spawn(&spec, &t->proc, err) < 0)
		return -1;
	return watch(t, err);
}

/* What the tool wrote before it ended may still be in the pipe. */
static int drain_messages(struct tool *t, struct err *err)
{
	char chunk[READ_CHUNK];
	ssize_t n;

	while ((n = read(t->err_fd, chunk, sizeof(chunk))) > 0)
		take_messages(t, chunk, (size_t)n);
	if (n < 0 && errno != EAGAIN)
		return err_sys(err, errno, "read messages of '%s'", t->name);
	end_line(t);
	return 0;
}

static int judge(struct tool *t, int code, struct err *err)
{
	const char *why =
		t->complaints.len ? t->complaints.data : t->last_line.data;

	if (!code)
		return 0;
	if (!*why)
		return err_set(err, ERR_SYSTEM, "'%s' ended with exit code %d",
			       t->name, code);
	return err_set(err, ERR_SYSTEM, "'%s' failed (exit code %d): %s",
		       t->name, code, why);
}

int tool_finish(struct tool *t, int64_t wake_ns, struct err *err)
{
	int code;

	/* Nobody reads its output any more, and it would wake us for ever. */
	loop_remove(t->loop, &t->out_source);
	if (loop_run(t->loop, &t->exited, wake_ns, err) < 0)
		return -1;
	loop_remove(t->loop, &t->exit_source);
	if (drain_messages(t, err) < 0 ||
	    proc_wait(&t->proc, /* timeout_ms */ -1, &code, err) < 0)
		return -1;
	return judge(t, code, err);
}

void tool_stop(struct tool *t, int grace_ms)
{
	loop_remove(t->loop, &t->out_source);
	loop_remove(t->loop, &t->err_source);
	loop_remove(t->loop, &t->exit_source);
	proc_stop(&t->proc, grace_ms);
	fd_close(&t->out_fd);
	fd_close(&t->err_fd);
	buf_release(&t->line);
	buf_release(&t->complaints);
	buf_release(&t->last_line);
}

int tool_find(const char *name, const char *path_var, const char *remedy,
	      char **out, struct err *err)
{
	struct err e = ERR_INIT;

	if (proc_find(name, path_var, out, &e) == 0)
		return 0;
	if (e.kind == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "%s is not installed: %s",
			       name, remedy);
	*err = e;
	return -1;
}

void tool_environment(const char *const *envp, struct strv *out)
{
	for (; *envp; envp++) {
		for (size_t i = 0; i < ARRAY_SIZE(passed_names); i++) {
			if (text_starts_with(*envp, passed_names[i]))
				strv_add(out, *envp);
		}
		/* npm's own configuration: registry, proxy, CA. */
		if (text_starts_with(*envp, "npm_config_") ||
		    text_starts_with(*envp, "NPM_CONFIG_"))
			strv_add(out, *envp);
	}
}
