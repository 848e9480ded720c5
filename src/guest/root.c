// SPDX-License-Identifier: Apache-2.0
/*
 * root.c - from an initramfs to the root that the image made.
 *
 * Theory of operation
 *
 * The image decides what its root looks like, links included. So a file
 * system is never mounted on a path below it: the mount point is opened
 * without following links, becomes the working directory, and the file system
 * is mounted on ".".
 *
 * The layers are read-only disks, the scratch disk takes the changes and is
 * thrown away with the VM. That is why nothing is ever synced to it.
 */
#include "guest/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "guest/rootfile.h"
#include "infra/sys/fd.h"

#define NEW_ROOT       "/newroot"
#define LAYERS_DIR     "/layers"
#define SCRATCH_DIR    "/scratch"
#define MOUNT_DATA_MAX ((size_t)4095) /* bytes; the kernel takes one page */

struct mount_spec {
	const char *target; /* relative to the root */
	const char *type;
	unsigned long flags;
	const char *data;
};

static const struct mount_spec early[] = {
	{ "dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL },
	{ "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
};

static const struct mount_spec late[] = {
	{ "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
	  "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "run", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  "size=64m,mode=0755" },
	{ "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
};

static const struct {
	const char *path, *target;
} device_links[] = {
	{ "ptmx", "pts/ptmx" },		 { "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },	 { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static int make_dir(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create '%s'", path);
	return 0;
}

static int open_console(struct err *err)
{
	/* Without /dev/console in the initramfs we start with nothing open. */
	while (fcntl(STDERR_FILENO, F_GETFD) < 0) {
		int fd = open("/dev/console", O_RDWR | O_NOCTTY);

		if (fd < 0)
			fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return err_sys(err, errno, "open '/dev/null'");
	}
	return 0;
}

/*
 * The kernel waits for all processors to pass a quiet point in many places:
 * mounts, drivers, settings. It can ask them instead of waiting, which costs
 * microseconds of what a machine with one user has plenty of, and saves tens
 * of milliseconds each time. A kernel that cannot is only slower.
 */
static void expedite_rcu(void)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		discard(fd_write_all(fd, "1", 1, ERR_IGNORE));
	fd_close(&fd);
}

int root_mount_early(struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(early); i++) {
		const struct mount_spec *m = &early[i];

		if (make_dir(m->target, err) < 0)
			return -1;
		if (mount(m->type, m->target, m->type, m->flags, m->data) < 0 &&
		    errno != EBUSY)
			return err_sys(err, errno, "mount '/%s'", m->target);
		if (i == 0 && open_console(err) < 0)
			return -1;
	}
	expedite_rcu();
	return 0;
}

static int mount_disk(const char *disk, const char *target, const char *type,
		      unsigned long flags, const char *data, struct err *err)
{
	auto_free char *device = xasprintf("/dev/%s", disk);

	if (make_dir(target, err) < 0)
		return -1;
	if (mount(device, target, type, flags, data) < 0)
		return err_sys(err, errno, "mount '%s' on '%s'", device,
			       target);
	return 0;
}

static int mount_layers(const struct disks *disks, struct buf *options,
			struct err *err)
{
	if (make_dir(LAYERS_DIR, err) < 0)
		return -1;
	for (uint32_t i = 0; i < disks->layer_count; i++) {
		auto_free char *dir = xasprintf(LAYERS_DIR "/%u", i);

		if (mount_disk(disks->layers[i], dir, "squashfs",
			       MS_RDONLY | MS_NODEV, NULL, err) < 0)
			return -1;
	}
	/* Overlayfs wants the topmost layer first. */
	for (uint32_t i = disks->layer_count; i > 0; i--) {
		if (buf_addf(options, err, "%s" LAYERS_DIR "/%u",
			     i == disks->layer_count ? "lowerdir=" : ":",
			     i - 1) < 0)
			return -1;
	}
	return 0;
}

int root_assemble(const struct disks *disks, struct err *err)
{
	auto_buf struct buf options = BUF_INIT(MOUNT_DATA_MAX);

	if (mount_layers(disks, &options, err) < 0)
		return err_wrap(err, "mount the image");
	/*
	 * noinit_itable: the kernel would otherwise fill the disk's unused
	 * tables in the background.
	 */
	if (mount_disk(disks->scratch, SCRATCH_DIR, "ext4",
		       MS_NOATIME | MS_NODEV, "noinit_itable", err) < 0 ||
	    make_dir(SCRATCH_DIR "/upper", err) < 0 ||
	    make_dir(SCRATCH_DIR "/work", err) < 0 ||
	    make_dir(NEW_ROOT, err) < 0)
		return err_wrap(err, "mount the scratch disk");
	/*
	 * volatile: nothing is synced to a disk that dies with the VM.
	 * redirect_dir: rename(2) works for directories of the image.
	 * Device nodes of an image are data: MS_NODEV.
	 */
	if (buf_adds(&options,
		     ",upperdir=" SCRATCH_DIR "/upper,workdir=" SCRATCH_DIR
		     "/work,volatile,redirect_dir=on",
		     err) < 0)
		return err_wrap(err, "mount the root");
	if (mount("overlay", NEW_ROOT, "overlay", MS_NOATIME | MS_NODEV,
		  options.data) < 0)
		return err_sys(err, errno, "mount the root");
	return fd_open_dir(NEW_ROOT, err);
}

/* Makes the mount point @path the working directory. */
static int go_to(int root, const char *path, struct err *err)
{
	auto_close int fd = rootfile_dir(root, path, err);

	if (fd < 0)
		return -1;
	if (fchdir(fd) < 0)
		return err_sys(err, errno, "enter '/%s'", path);
	return 0;
}

int root_enter(int root, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(early); i++) {
		auto_free char *from = xasprintf("/%s", early[i].target);

		if (go_to(root, early[i].target, err) < 0)
			return -1;
		if (mount(from, ".", NULL, MS_MOVE, NULL) < 0)
			return err_sys(err, errno, "move '%s'", from);
	}
	if (fchdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0 || chdir("/") < 0)
		return err_sys(err, errno, "enter the root");
	return 0;
}

static int mount_at(int root, const struct mount_spec *m, struct err *err)
{
	if (go_to(root, m->target, err) < 0)
		return err_wrap(err, "mount '/%s'", m->target);
	if (mount(m->type, ".", m->type, m->flags, m->data) < 0 &&
	    errno != EBUSY)
		return err_sys(err, errno, "mount '/%s'", m->target);
	return 0;
}

static int link_devices(int root, struct err *err)
{
	auto_close int dev = rootfile_dir(root, "dev", err);

	if (dev < 0)
		return -1;
	/* The node that devtmpfs makes belongs to no instance of devpts. */
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '/dev/ptmx'");
	for (size_t i = 0; i < ARRAY_SIZE(device_links); i++) {
		if (symlinkat(device_links[i].target, dev,
			      device_links[i].path) < 0 &&
		    errno != EEXIST)
			return err_sys(err, errno, "create '/dev/%s'",
				       device_links[i].path);
	}
	return 0;
}

static int mount_all(int root, uint32_t tmp_mib, struct err *err)
{
	auto_free char *size = xasprintf(
		"mode=1777,size=%um", tmp_mib ? tmp_mib : ROOT_TMP_MIB_DEFAULT);
	const struct mount_spec tmp = { "tmp", "tmpfs", MS_NOSUID | MS_NODEV,
					size };

	if (link_devices(root, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		if (mount_at(root, &late[i], err) < 0)
			return -1;
	}
	return mount_at(root, &tmp, err);
}

/* Whatever happened, PID 1 must not keep a mount busy. */
static int leave(int r, struct err *err)
{
	if (chdir("/") < 0 && r == 0)
		return err_sys(err, errno, "enter '/'");
	return r;
}

int root_mount_system(int root, uint32_t tmp_mib, struct err *err)
{
	return leave(mount_all(root, tmp_mib, err), err);
}

/* Our server shows everything as the session's user already. */
static int own_workspace(int root, struct err *err)
{
	auto_close int fd = fd_open_no_symlinks(root, &GUEST_WORKSPACE[1],
						O_RDONLY | O_DIRECTORY, 0, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '" GUEST_WORKSPACE "'");
	if (st.st_uid != GUEST_UID && fchown(fd, GUEST_UID, GUEST_GID) < 0)
		return err_sys(err, errno, "change the owner of '%s'",
			       GUEST_WORKSPACE);
	return 0;
}

int root_mount_share(int root, const struct guest_mount *m, struct err *err)
{
	unsigned long flags = MS_NOSUID | MS_NODEV;
	int r = go_to(root, m->path, err);

	if (m->read_only)
		flags |= MS_RDONLY;
	if (!r && mount(m->tag, ".", "virtiofs", flags, NULL) < 0)
		r = err_sys(err, errno, "mount '/%s'", m->path);
	return leave(r, err);
}

int root_mount_workspace(int root, bool read_only, struct err *err)
{
	char tag[] = GUEST_WORKSPACE_TAG, path[] = GUEST_WORKSPACE;
	const struct guest_mount workspace = { .read_only = read_only,
					       .tag = tag,
					       .path = &path[1] };

	if (root_mount_share(root, &workspace, err) < 0)
		return -1;
	return read_only ? 0 : own_workspace(root, err);
}
