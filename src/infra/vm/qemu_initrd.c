// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_initrd.c - put together what the guest boots from, in memory only.
 */
#include "infra/vm/qemu_initrd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/kernel/cpio.h"
#include "domain/vm/guest_config.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"

#define SECRET_MODE (S_IFREG | 0400U)

static void config_release(struct guest_config *c)
{
	guest_config_release(c);
}
#define auto_guest_config cleanup_with(config_release)

static void describe_share(const struct vm_share *share,
			   struct guest_config *out)
{
	bool read_only = share->mode == VM_SHARE_RO;

	if (share->mount_at) {
		strv_addf(&out->mounts, "%s %s %s", read_only ? "ro" : "rw",
			  share->tag, share->mount_at);
	} else if (!strcmp(share->tag, GUEST_WORKSPACE_TAG)) {
		out->has_workspace = true;
		out->workspace_read_only = read_only;
	}
}

static void describe(const struct vm_config *cfg, const char *dns,
		     struct guest_config *out)
{
	out->layer_count = (uint32_t)cfg->image->layer_count;
	out->tmp_mib = cfg->tmp_mib;
	out->hostname = xstrdup(cfg->hostname);
	out->dns = xstrdup(dns);
	strv_add_all(&out->image_env, &cfg->image->env);
	strv_add(&out->hosts, GUEST_GATEWAY " " GUEST_HOST_NAME);
	for (size_t i = 0; i < cfg->share_count; i++)
		describe_share(&cfg->shares[i], out);
}

static int add(struct buf *out, const struct cpio_entry *entry, struct err *err)
{
	if (cpio_add_parents(out, entry->path, err) < 0)
		return -1;
	return cpio_add(out, entry, err);
}

/* @text may be NULL: then there is no such file. */
static int add_text(struct buf *out, const char *path, const char *text,
		    struct err *err)
{
	const struct cpio_entry entry = {
		.path = path,
		.mode = SECRET_MODE,
		.data = text,
		.len = text ? strlen(text) : 0,
	};

	return text ? add(out, &entry, err) : 0;
}

static int add_config(struct buf *out, const struct vm_config *cfg,
		      const char *dns, struct err *err)
{
	auto_guest_config struct guest_config guest = GUEST_CONFIG_INIT;
	auto_buf struct buf text = BUF_INIT(GUEST_CONFIG_MAX);

	describe(cfg, dns, &guest);
	if (guest_config_write(&guest, &text, err) < 0)
		return -1;
	return add_text(out, GUEST_CONFIG, text.data, err);
}

static int add_file(struct buf *out, const struct vm_file *file,
		    struct err *err)
{
	auto_free char *path = xasprintf(GUEST_ROOT_TREE "/%s", file->path);
	const struct cpio_entry entry = {
		.path = path,
		.mode = file->mode,
		.uid = file->uid,
		.gid = file->gid,
		.data = file->data,
		.len = file->len,
	};

	if (add(out, &entry, err) < 0)
		return err_wrap(err, "place '%s'", file->path);
	return 0;
}

int qemu_initrd_session(const struct vm_config *cfg, const char *dns,
			struct buf *out, struct err *err)
{
	if (add_config(out, cfg, dns, err) < 0 ||
	    add_text(out, GUEST_ENV, cfg->env, err) < 0 ||
	    add_text(out, GUEST_AUTHORIZED_KEYS, cfg->authorized_key, err) <
		    0 ||
	    add_text(out, GUEST_HOST_KEY, cfg->host_key, err) < 0)
		return -1;
	for (size_t i = 0; i < cfg->file_count; i++) {
		if (add_file(out, &cfg->files[i], err) < 0)
			return -1;
	}
	return cpio_end(out, err);
}

static int copy_shared(const char *path, int to, struct err *err)
{
	auto_close int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	off_t left;
	ssize_t n;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)INITRD_SHARED_MAX)
		return err_set(err, ERR_INVALID,
			       "initramfs '%s' is not a file of at most %zu "
			       "bytes",
			       path, INITRD_SHARED_MAX);
	for (left = st.st_size; left > 0; left -= n) {
		n = sendfile(to, from, NULL, (size_t)left);
		if (n < 0)
			return err_sys(err, errno, "read '%s'", path);
		if (!n)
			return err_set(err, ERR_INVALID,
				       "initramfs '%s' was cut meanwhile",
				       path);
	}
	/* The next archive starts at a multiple of four bytes. */
	return fd_write_all(to, "\0\0\0", (size_t)(-st.st_size & 3), err);
}

int qemu_initrd_open(const struct vm_config *cfg, const char *dns,
		     struct err *err)
{
	auto_buf struct buf session = BUF_INIT(INITRD_SESSION_MAX);
	auto_close int fd = -1;
	int r;

	if (qemu_initrd_session(cfg, dns, &session, err) < 0)
		return -1;
	/* Not fd_memfd(): sealing must be asked for at birth. */
	fd = memfd_create("initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(err, errno, "create file in memory");
	if (copy_shared(cfg->initramfs_path, fd, err) < 0)
		return -1;
	r = fd_write_all(fd, session.data, session.len, err);
	explicit_bzero(session.data, session.len);
	if (r < 0)
		return -1;
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return err_sys(err, errno, "seal file in memory");
	return fd_take(&fd);
}
