// SPDX-License-Identifier: Apache-2.0
/*
 * halt.c - the end of the guest.
 */
#include "guest/halt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

#define TERM_GRACE_MS 2000
#define KILL_GRACE_MS 1000 /* a process in the kernel may take its time */
#define NS_PER_MS     1000000

/* Reaps what has ended; true when no child is left. */
static bool reap_all(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0 && errno == ECHILD;
}

/* Orphans become our children, so no child is no process. */
static bool wait_for_end(int signal_fd, int grace_ms)
{
	int64_t deadline = clock_now_ns() + (int64_t)grace_ms * NS_PER_MS;
	struct pollfd p = { .fd = signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	while (!reap_all()) {
		int64_t left_ms = (deadline - clock_now_ns()) / NS_PER_MS;

		if (left_ms <= 0)
			return false;
		if (poll(&p, 1, (int)left_ms) > 0 &&
		    read(signal_fd, &info, sizeof(info)) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return false;
	}
	return true;
}

void halt_end_processes(int signal_fd)
{
	/* ESRCH: there is nobody but us. */
	kill(-1, SIGTERM);
	/* A stopped process gets the signal only when it goes on. */
	kill(-1, SIGCONT);
	if (wait_for_end(signal_fd, TERM_GRACE_MS))
		return;
	kill(-1, SIGKILL);
	wait_for_end(signal_fd, KILL_GRACE_MS);
}

int halt_sync_workspace(struct err *err)
{
	auto_close int fd =
		open(GUEST_WORKSPACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", GUEST_WORKSPACE);
	if (syncfs(fd) < 0)
		return err_sys(err, errno, "sync '%s'", GUEST_WORKSPACE);
	fd_close(&fd);
	/* Unmounting waits for the answers that a sync does not wait for. */
	if (umount2(GUEST_WORKSPACE, UMOUNT_NOFOLLOW) < 0)
		return err_sys(err, errno, "unmount '%s'", GUEST_WORKSPACE);
	return 0;
}

_Noreturn void halt_power_off(void)
{
	reboot(RB_POWER_OFF);
	/* No firmware to switch off: the host's own deadline ends us. */
	for (;;)
		pause();
}
