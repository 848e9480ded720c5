// SPDX-License-Identifier: Apache-2.0
/*
 * watch.c - what PID 1 does between boot and halt.
 *
 * It allocates nothing: a guest whose memory is out still ends in order.
 *
 * The power button of ACPI is not listened to. It would take two more drivers
 * (button, evdev); the host asks on the control port, or by SIGTERM from a
 * root process of the guest, which no session can be.
 */
#include "guest/watch.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/clock.h"
#include "infra/sys/fd.h"

#define CLOCK_PERIOD_S 60

enum watch_source { WATCH_PORT, WATCH_SIGNALS, WATCH_CLOCK, WATCH_SSH };

int watch_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, errno, "block signals");
	/* Control-Alt-Delete is SIGINT to us, not a reset. */
	if (reboot(RB_DISABLE_CAD) < 0)
		return err_sys(err, errno, "catch control-alt-delete");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "watch signals");
	return fd;
}

static int add(int epoll, int fd, uint32_t events, enum watch_source source,
	       struct err *err)
{
	struct epoll_event e = { .events = events, .data.u32 = source };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		return err_sys(err, errno, "watch a descriptor");
	return 0;
}

static int open_timer(struct err *err)
{
	const struct itimerspec period = {
		.it_interval.tv_sec = CLOCK_PERIOD_S,
		.it_value.tv_sec = CLOCK_PERIOD_S,
	};
	auto_close int fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &period, NULL) < 0)
		return err_sys(err, errno, "start a timer");
	return fd_take(&fd);
}

/* While all slots are taken the socket is not watched: clients wait. */
static int update_ssh(const struct guest *g, int epoll, struct err *err)
{
	struct epoll_event e = {
		.events = server_has_room(&g->server) ? EPOLLIN : 0,
		.data.u32 = WATCH_SSH,
	};

	if (epoll_ctl(epoll, EPOLL_CTL_MOD, g->server.listen_fd, &e) < 0)
		return err_sys(err, errno, "watch the SSH socket");
	return 0;
}

/* True when a signal asks for the end. */
static bool handle_signals(struct guest *g, int signal_fd)
{
	struct signalfd_siginfo info;
	bool wants_end = false;
	pid_t pid;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			wants_end = true;
	}
	/* One SIGCHLD may stand for many children. */
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		server_forget(&g->server, pid);
	return wants_end;
}

static void handle_clock(int timer_fd)
{
	uint64_t expirations;

	if (read(timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	/* A VM without a real-time clock keeps the time that it has. */
	discard(clock_follow_rtc(ERR_IGNORE));
}

static int loop(struct guest *g, int epoll, int signal_fd, int timer_fd,
		struct err *err)
{
	struct epoll_event e;
	bool wants_end = false;

	while (!wants_end) {
		int n = epoll_wait(epoll, &e, 1, -1);

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for events");
		if (n <= 0)
			continue;
		switch ((enum watch_source)e.data.u32) {
		case WATCH_PORT:
			wants_end = port_wants_shutdown(&g->port);
			break;
		case WATCH_SIGNALS:
			wants_end = handle_signals(g, signal_fd);
			break;
		case WATCH_CLOCK:
			handle_clock(timer_fd);
			break;
		case WATCH_SSH:
			server_accept(&g->server);
			break;
		}
		if (update_ssh(g, epoll, err) < 0)
			return -1;
	}
	return 0;
}

int watch(struct guest *g, int signal_fd, struct err *err)
{
	auto_close int epoll = epoll_create1(EPOLL_CLOEXEC);
	auto_close int timer_fd = -1;

	if (epoll < 0)
		return err_sys(err, errno, "watch descriptors");
	timer_fd = open_timer(err);
	if (timer_fd < 0)
		return -1;
	/*
	 * The port by edges: while the host has not connected it reports a
	 * hang-up all the time.
	 */
	if (add(epoll, g->port.fd, EPOLLIN | EPOLLET, WATCH_PORT, err) < 0 ||
	    add(epoll, signal_fd, EPOLLIN, WATCH_SIGNALS, err) < 0 ||
	    add(epoll, timer_fd, EPOLLIN, WATCH_CLOCK, err) < 0 ||
	    add(epoll, g->server.listen_fd, EPOLLIN, WATCH_SSH, err) < 0)
		return -1;
	return loop(g, epoll, signal_fd, timer_fd, err);
}
