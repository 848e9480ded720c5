// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - PID 1 of the guest: boot, watch, halt.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "guest/boot.h"
#include "guest/halt.h"
#include "guest/watch.h"

#define HOST_WAIT_MS 1000

static int run(struct guest *g, struct err *err)
{
	int signal_fd = watch_signals(err);

	if (signal_fd < 0 || boot(g, err) < 0)
		return -1;
	for (size_t i = 0; i < g->warnings.n; i++)
		dprintf(STDERR_FILENO, "bbox-init: cannot set %s, continuing\n",
			g->warnings.v[i]);
	port_send(&g->port, CONTROL_READY, NULL);
	/* The host may have been late. */
	port_flush(&g->port, HOST_WAIT_MS);
	if (watch(g, signal_fd, err) < 0)
		return -1;
	halt_end_processes(signal_fd);
	if (g->config.has_workspace && halt_sync_workspace(err) < 0)
		return -1;
	return 0;
}

int main(void)
{
	static struct guest guest;
	struct err err = ERR_INIT;

	guest = GUEST_INIT;
	if (run(&guest, &err) < 0) {
		port_send(&guest.port, CONTROL_FAIL, err.msg);
		port_flush(&guest.port, HOST_WAIT_MS);
		/* The last line of the console says why. */
		dprintf(STDERR_FILENO, "bbox-init: %s\n", err.msg);
	} else {
		port_send(&guest.port, CONTROL_HALTED, NULL);
		port_flush(&guest.port, HOST_WAIT_MS);
	}
	halt_power_off();
}
