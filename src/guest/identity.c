// SPDX-License-Identifier: Apache-2.0
/*
 * identity.c - who and where the guest is: host name, resolver, user, home.
 */
#include "guest/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "guest/accounts.h"
#include "guest/rootfile.h"
#include "infra/sys/fd.h"

static const struct rootfile_meta public_file = { .mode = 0644 };
static const struct rootfile_meta secret_of_user = { .uid = GUEST_UID,
						     .gid = GUEST_GID,
						     .mode = 0600 };

const char *identity_shell(int root)
{
	return faccessat(root, "bin/bash", X_OK, 0) ? "/bin/sh" : "/bin/bash";
}

int identity_set_host(int root, const struct guest_config *config,
		      struct err *err)
{
	auto_buf struct buf hosts = BUF_INIT(ACCOUNTS_FILE_MAX);
	auto_buf struct buf resolv = BUF_INIT(ACCOUNTS_FILE_MAX);
	auto_free char *line = xasprintf("%s\n", config->hostname);

	if (!hostname_is_valid(config->hostname))
		return err_set(err, ERR_INVALID, "host name is not valid");
	if (hosts_compose(config->hostname, &config->hosts, &hosts, err) < 0 ||
	    resolv_compose(config->dns, &resolv, err) < 0)
		return -1;
	if (sethostname(config->hostname, strlen(config->hostname)) < 0)
		return err_sys(err, errno, "set the host name");
	if (rootfile_replace(root, "etc/hostname", SPAN_STR(line), &public_file,
			     err) < 0 ||
	    rootfile_replace(root, "etc/hosts", buf_span(&hosts), &public_file,
			     err) < 0)
		return -1;
	return rootfile_replace(root, "etc/resolv.conf", buf_span(&resolv),
				&public_file, err);
}

/* Appends @line to @path unless its number or, in shadow, its name is known. */
static int ensure_account(int root, const char *path, const char *line,
			  bool by_name, const struct rootfile_meta *meta,
			  struct err *err)
{
	auto_buf struct buf text = BUF_INIT(ACCOUNTS_FILE_MAX);
	struct err cause = ERR_INIT;

	if (rootfile_read(root, path, &text, &cause) < 0) {
		if (cause.kind != ERR_NOT_FOUND) {
			*err = cause;
			return -1;
		}
		/* No passwords in this image, and none needed. */
		if (by_name)
			return 0;
	}
	if (by_name ? accounts_have_name(buf_span(&text), GUEST_USER)
		    : accounts_have_id(buf_span(&text), GUEST_UID))
		return 0;
	if (accounts_add_line(&text, line, err) < 0)
		return -1;
	return rootfile_replace(root, path, buf_span(&text), meta, err);
}

static int own_home(int root, struct err *err)
{
	auto_close int made = rootfile_dir(root, &GUEST_HOME[1], err);
	auto_close int home = -1;
	struct stat st;

	if (made < 0)
		return -1;
	home = fd_open_no_symlinks(made, ".", O_RDONLY | O_DIRECTORY, 0, err);
	if (home < 0)
		return -1;
	if (fstat(home, &st) < 0)
		return err_sys(err, errno, "stat '" GUEST_HOME "'");
	if ((st.st_uid != GUEST_UID || st.st_gid != GUEST_GID) &&
	    fchown(home, GUEST_UID, GUEST_GID) < 0)
		return err_sys(err, errno, "change the owner of '%s'",
			       GUEST_HOME);
	/* An image may have made it read-only; the user needs it. */
	if ((st.st_mode & 0700) != 0700 &&
	    fchmod(home, (st.st_mode & 07777) | 0700) < 0)
		return err_sys(err, errno, "change the mode of '%s'",
			       GUEST_HOME);
	return 0;
}

int identity_set_user(int root, struct err *err)
{
	static const struct rootfile_meta shadow_file = { .mode = 0600 };
	auto_free char *passwd =
		xasprintf(GUEST_USER ":x:%d:%d::" GUEST_HOME ":%s", GUEST_UID,
			  GUEST_GID, identity_shell(root));
	auto_free char *group = xasprintf(GUEST_USER ":x:%d:", GUEST_GID);

	if (ensure_account(root, "etc/passwd", passwd, false, &public_file,
			   err) < 0 ||
	    ensure_account(root, "etc/group", group, false, &public_file, err) <
		    0 ||
	    ensure_account(root, "etc/shadow", GUEST_USER ":!:::::::", true,
			   &shadow_file, err) < 0)
		return -1;
	return own_home(root, err);
}

int identity_set_env(int root, struct span text, struct err *err)
{
	if (!text.len)
		return 0;
	return rootfile_replace(root, &GUEST_SANDBOX_ENV[1], text,
				&secret_of_user, err);
}
