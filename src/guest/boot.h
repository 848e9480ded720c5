/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.h - from the kernel's hands to a guest that takes sessions.
 */
#ifndef BBOX_GUEST_BOOT_H
#define BBOX_GUEST_BOOT_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/vm/guest_config.h"
#include "guest/disks.h"
#include "guest/env.h"
#include "guest/modules.h"
#include "guest/port.h"
#include "guest/server.h"
#include "guest/uevents.h"

struct guest {
	struct port port;
	struct guest_config config;
	struct disks disks;
	struct server server;
	struct strv warnings; /* what did not work and is not fatal */
	struct modules modules;
	struct uevents uevents;
	int files_fd;	/* GUEST_ROOT_TREE, -1 when there is none */
	int root_fd;	/* of the real root, from its assembly on */
	struct buf env; /* GUEST_ENV until it is in the root; secret */
};

#define GUEST_INIT                                    \
	((struct guest){ .port = PORT_INIT,           \
			 .config = GUEST_CONFIG_INIT, \
			 .server = SERVER_INIT,       \
			 .modules = MODULES_INIT,     \
			 .uevents = { .fd = -1 },     \
			 .files_fd = -1,              \
			 .root_fd = -1,               \
			 .env = BUF_INIT(ENV_FILE_MAX) })

/**
 * boot() - do everything up to the SSH server
 * @err:	fatal; @g->port may or may not be open
 *
 * Each step is reported on the control port when it is done.
 */
must_check int boot(struct guest *g, struct err *err);

#endif /* BBOX_GUEST_BOOT_H */
