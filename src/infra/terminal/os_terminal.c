// SPDX-License-Identifier: Apache-2.0
/*
 * os_terminal.c - raw mode, the size, and a terminal that works afterwards.
 */
#include "infra/terminal/os_terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS	24

/*
 * Undoes what a full-screen program leaves behind when it, or its VM, dies in
 * the middle. All of it is harmless when there is nothing to undo; the cursor
 * is saved first because leaving the alternate screen restores it, even when
 * that screen was not in use.
 */
static const char reset_sequence[] =
	"\033\\"      /* end a string that was cut, like a window title */
	"\0337"	      /* save the cursor */
	"\033[?1049l" /* leave the alternate screen, restore the cursor */
	"\033[<u"     /* the shell's keyboard protocol (kitty) */
	"\033[>4m"    /* no modifyOtherKeys (xterm) */
	"\033[?2026l" /* no synchronised output */
	"\033[?1000l\033[?1002l\033[?1003l\033[?1005l\033[?1006l\033[?1015l"
	"\033[?1004l"	/* no reports of the mouse (above) and the focus */
	"\033[?2004l"	/* no bracketed paste */
	"\033[?1l\033>" /* cursor keys and keypad as usual */
	"\033[?7h"	/* wrap at the margin */
	"\033[?25h"	/* show the cursor */
	"\033[0m";	/* no colour */

struct os_terminal {
	struct terminal base;
	int in_fd, out_fd; /* borrowed */
	bool is_raw;
	struct termios saved; /* while @is_raw */
};

static struct os_terminal *get(struct terminal *t)
{
	return container_of(t, struct os_terminal, base);
}

static bool os_is_interactive(struct terminal *t)
{
	return isatty(get(t)->in_fd);
}

static struct terminal_size os_size(struct terminal *base)
{
	const struct os_terminal *t = get(base);
	const int fds[] = { t->out_fd, t->in_fd };
	struct winsize size;

	/* A serial line or a new pseudo-terminal says 0: not known. */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (!ioctl(fds[i], TIOCGWINSZ, &size) && size.ws_col &&
		    size.ws_row)
			return (struct terminal_size){
				.columns = size.ws_col,
				.rows = size.ws_row,
			};
	}
	return (struct terminal_size){
		.columns = DEFAULT_COLUMNS,
		.rows = DEFAULT_ROWS,
	};
}

/*
 * Changes the mode even from the background, where tcsetattr(3) would stop
 * the process: a stopped bbox could not clean up.
 */
static int set_mode(int fd, const struct termios *mode)
{
	sigset_t ttou, old;
	int r, saved;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	do
		r = tcsetattr(fd, TCSADRAIN, mode);
	while (r < 0 && errno == EINTR);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return r;
}

static int os_make_raw(struct terminal *base, struct err *err)
{
	struct os_terminal *t = get(base);
	struct termios raw;

	if (t->is_raw || !isatty(t->in_fd))
		return 0;
	if (tcgetattr(t->in_fd, &t->saved) < 0)
		return err_sys(err, errno, "read terminal mode");
	raw = t->saved;
	cfmakeraw(&raw);
	if (set_mode(t->in_fd, &raw) < 0)
		return err_sys(err, errno, "make terminal raw");
	t->is_raw = true;
	return 0;
}

static void os_restore(struct terminal *base)
{
	struct os_terminal *t = get(base);

	if (!t->is_raw)
		return;
	t->is_raw = false;
	/* A terminal that has hung up needs no care; nothing else can fail. */
	if (isatty(t->out_fd))
		discard(fd_write_all(t->out_fd, reset_sequence,
				     sizeof(reset_sequence) - 1, ERR_IGNORE));
	discard(set_mode(t->in_fd, &t->saved));
}

static const struct terminal_ops os_terminal_ops = {
	.is_interactive = os_is_interactive,
	.size = os_size,
	.make_raw = os_make_raw,
	.restore = os_restore,
};

struct os_terminal *os_terminal_new(int in_fd, int out_fd)
{
	struct os_terminal *t = xcalloc(1, sizeof(*t));

	t->base.ops = &os_terminal_ops;
	t->in_fd = in_fd;
	t->out_fd = out_fd;
	return t;
}

struct terminal *os_terminal_base(struct os_terminal *t)
{
	return &t->base;
}

void os_terminal_free(struct os_terminal *t)
{
	if (!t)
		return;
	os_restore(&t->base);
	free(t);
}
