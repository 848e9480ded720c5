// SPDX-License-Identifier: Apache-2.0
/*
 * boot.c - from the kernel's hands to a guest that takes sessions.
 *
 * Theory of operation
 *
 * The steps are a table, in an order that matters:
 *
 *   the drivers first, for a child loads them while the boot goes on;
 *   the control port before all that can fail;
 *   the user before the files, so that a home belongs to it;
 *   the root before the workspace and the network, which write to it;
 *   the hardening before the SSH server, which is the last: no session can
 *   ever see a guest that is half done.
 *
 * Any failure ends the boot. The guest is made to be thrown away: a start
 * that is not right is better repeated than repaired.
 */
#include "guest/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "guest/harden.h"
#include "guest/identity.h"
#include "guest/network.h"
#include "guest/place.h"
#include "guest/root.h"
#include "guest/warmup.h"
#include "infra/sys/fd.h"

#define DEVICE_TIMEOUT_MS 10000
#define KEY_SIZE_MAX	  ((size_t)64 * 1024) /* bytes */

/* Reads a file of the initramfs and removes it: it may be a secret. */
static int take_file(const char *path, struct buf *out, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (fd_read_all(fd, out, err) < 0)
		return err_wrap(err, "read '%s'", path);
	if (unlink(path) < 0)
		return err_sys(err, errno, "remove '%s'", path);
	return 0;
}

/* Waits for a device or a file system that the loader will bring. */
static int wait_for(struct guest *g, uevents_check *check, void *data,
		    const char *what, struct err *err)
{
	if (uevents_wait(&g->uevents, check, data, DEVICE_TIMEOUT_MS, err) < 0)
		return err_wrap(err, "wait for %s", what);
	return 0;
}

static int start_drivers(struct guest *g, struct err *err)
{
	if (root_mount_early(err) < 0 ||
	    uevents_open(&g->uevents, &g->modules, err) < 0)
		return -1;
	if (modules_start(&g->modules, GUEST_MODULES_DIR, err) < 0)
		return -1;
	warmup_crypto();
	return 0;
}

static int open_control(struct guest *g, struct err *err)
{
	return wait_for(g, port_open, &g->port, "the control port", err);
}

static int read_config(struct guest *g, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GUEST_CONFIG_MAX);

	if (take_file(GUEST_CONFIG, &text, err) < 0)
		return -1;
	if (guest_config_read(buf_span(&text), &g->config, err) < 0)
		return err_wrap(err, "configuration");
	if (!g->config.hostname || !g->config.dns)
		return err_set(err, ERR_INVALID,
			       "configuration lacks a host name or resolver");
	g->disks.layer_count = g->config.layer_count;
	g->server.base.has_workspace = g->config.has_workspace;
	strv_add_all(&g->server.base.image_env, &g->config.image_env);
	return 0;
}

static int read_env(struct guest *g, struct err *err)
{
	if (access(GUEST_ENV, F_OK) < 0)
		return 0;
	if (take_file(GUEST_ENV, &g->env, err) < 0)
		return -1;
	if (env_file_parse(buf_span(&g->env), &g->server.base.file_env, err) <
	    0)
		return err_wrap(err, "environment");
	return 0;
}

/* What is needed of the initramfs is read before it gets out of reach. */
static int read_secrets(struct guest *g, struct err *err)
{
	auto_buf struct buf host_key = BUF_INIT(KEY_SIZE_MAX);
	auto_buf struct buf authorized = BUF_INIT(KEY_SIZE_MAX);
	int r;

	if (read_env(g, err) < 0 ||
	    take_file(GUEST_HOST_KEY, &host_key, err) < 0 ||
	    take_file(GUEST_AUTHORIZED_KEYS, &authorized, err) < 0)
		return -1;
	r = server_load_keys(&g->server, host_key.data, authorized.data, err);
	explicit_bzero(host_key.data, host_key.len);
	return r;
}

static int build_root(struct guest *g, struct err *err)
{
	char squashfs[] = "squashfs", overlay[] = "overlay";

	if (wait_for(g, disks_find, &g->disks, "the disks", err) < 0 ||
	    wait_for(g, modules_have_filesystem, squashfs, squashfs, err) < 0 ||
	    wait_for(g, modules_have_filesystem, overlay, overlay, err) < 0)
		return -1;
	g->root_fd = root_assemble(&g->disks, err);
	return g->root_fd < 0 ? -1 : 0;
}

static int switch_root(struct guest *g, struct err *err)
{
	g->files_fd = open(GUEST_ROOT_TREE,
			   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->files_fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "open '%s'", GUEST_ROOT_TREE);
	/* We run from memory that this does not free; nobody else needs it. */
	unlink("/init");
	if (root_enter(g->root_fd, err) < 0)
		return -1;
	return root_mount_system(g->root_fd, g->config.tmp_mib, err);
}

static int set_identity(struct guest *g, struct err *err)
{
	int r;

	g->server.base.shell = identity_shell(g->root_fd);
	if (identity_set_host(g->root_fd, &g->config, err) < 0 ||
	    identity_set_user(g->root_fd, err) < 0)
		return -1;
	r = identity_set_env(g->root_fd, buf_span(&g->env), err);
	explicit_bzero(g->env.data, g->env.len);
	buf_release(&g->env);
	return r;
}

static int place_files(struct guest *g, struct err *err)
{
	if (g->files_fd < 0)
		return 0;
	if (place_tree(g->files_fd, g->root_fd, err) < 0)
		return err_wrap(err, "place files in the image");
	fd_close(&g->files_fd);
	return 0;
}

static int finish_drivers(struct guest *g, struct err *err)
{
	return modules_finish(&g->modules, err);
}

static int start_network(struct guest *g, struct err *err)
{
	if (wait_for(g, network_is_there, NULL, "the network interface", err) <
	    0)
		return -1;
	uevents_close(&g->uevents);
	return network_up(err);
}

static int mount_shares(struct guest *g, struct err *err)
{
	if (g->config.has_workspace &&
	    root_mount_workspace(g->root_fd, g->config.workspace_read_only,
				 err) < 0)
		return -1;
	for (size_t i = 0; i < g->config.mounts.n; i++) {
		auto_guest_mount struct guest_mount m = GUEST_MOUNT_INIT;
		const char *text = g->config.mounts.v[i];

		if (!guest_mount_read(text, &m))
			return err_set(err, ERR_INVALID, "bad mount '%s'",
				       text);
		if (root_mount_share(g->root_fd, &m, err) < 0)
			return -1;
	}
	return 0;
}

static int harden(struct guest *g, struct err *err)
{
	if (harden_kernel(g->root_fd, &g->warnings, err) < 0)
		return -1;
	return harden_privileges(err);
}

static int listen_ssh(struct guest *g, struct err *err)
{
	fd_close(&g->root_fd);
	session_rehearse(&g->server.base);
	return server_listen(&g->server, err);
}

/* clang-format off */
static const struct boot_step {
	const char *name;
	int (*run)(struct guest *g, struct err *err);
} steps[] = {
	{ "start", start_drivers },
	{ "control", open_control },
	{ "config", read_config },
	{ "secrets", read_secrets },
	{ "disks", build_root },
	{ "root", switch_root },
	{ "identity", set_identity },
	{ "files", place_files },
	{ "drivers", finish_drivers },
	{ "network", start_network },
	{ "shares", mount_shares },
	{ "harden", harden },
	{ "ssh", listen_ssh },
};
/* clang-format on */

int boot(struct guest *g, struct err *err)
{
	/* Modes are what we say they are. */
	umask(0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].run(g, err) < 0)
			return err_wrap(err, "%s", steps[i].name);
		port_send(&g->port, CONTROL_PHASE, steps[i].name);
	}
	return 0;
}
