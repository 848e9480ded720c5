/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.h - what a microVM is asked to be, and the ports that provide one.
 */
#ifndef BBOX_DOMAIN_VM_VM_H
#define BBOX_DOMAIN_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "domain/image/image.h"
#include "domain/kernel/kernel.h"

#define VM_CPUS_MAX    128
#define VM_MEM_MIB_MAX (128U * 1024)
#define VM_TMP_MIB_MAX (64U * 1024)
#define VM_SHARES_MAX  8

enum vm_accel {
	VM_ACCEL_AUTO, /* KVM when it is usable, else TCG with a warning */
	VM_ACCEL_KVM,
	VM_ACCEL_TCG,

	VM_ACCEL_COUNT
};

/* What the guest's changes do; enforced on the host. */
enum vm_share_mode {
	VM_SHARE_RO,  /* they fail */
	VM_SHARE_RW,  /* they go to the directory itself */
	VM_SHARE_COW, /* they go to @state_dir, the directory stays as it is */

	VM_SHARE_MODE_COUNT
};

struct exclude; /* domain/snapshot/exclude.h */

/* A directory of the host inside the guest. All pointers are borrowed. */
struct vm_share {
	const char *tag;      /* virtio-fs tag */
	const char *path;     /* directory on the host, absolute */
	const char *mount_at; /* absolute, in the guest; NULL: GUEST_WORKSPACE
			       * for GUEST_WORKSPACE_TAG, nowhere else */
	enum vm_share_mode mode;
	const char *state_dir;	       /* for VM_SHARE_COW; absolute */
	const struct exclude *exclude; /* what the guest does not see, not
					* for VM_SHARE_RW; NULL: nothing */
};

/* A file placed in the guest's root before anything runs there. */
struct vm_file {
	const char *path; /* borrowed; relative to the guest's root */
	uint32_t mode;	  /* type and permission bits */
	uint32_t uid, gid;
	const void *data; /* borrowed */
	size_t len;	  /* bytes */
};

struct vm_config {
	const char *name;     /* borrowed like all pointers here */
	const char *data_dir; /* console.log and vm.log go here; exists */
	const struct image *image;
	const struct kernel *kernel;
	const char *initramfs_path;
	uint32_t cpus;
	uint32_t mem_mib;
	uint32_t tmp_mib;
	enum vm_accel accel;
	uint32_t boot_timeout_ms; /* 0: 60 s with KVM, 300 s with TCG */
	const char *hostname;
	const struct vm_share *shares; /* the tag GUEST_WORKSPACE_TAG is
					* mounted at /workspace */
	size_t share_count;
	const struct vm_file *files; /* GUEST_ROOT_TREE is put in front */
	size_t file_count;
	const char *env; /* text of GUEST_SANDBOX_ENV */
	const char *authorized_key;
	const char *host_key; /* PEM */
	bool debug;	      /* verbose guest console and VMM log */
};

struct vm;
struct vm_runner;

struct vm_ops {
	int (*dial)(struct vm *vm, uint16_t port, int *out_fd, struct err *err);
	int (*stop)(struct vm *vm, struct err *err);
	void (*free)(struct vm *vm);
};

struct vm {
	const struct vm_ops *ops;
};

struct vm_runner_ops {
	int (*start)(struct vm_runner *r, const struct vm_config *cfg,
		     struct vm **out, struct err *err);
};

struct vm_runner {
	const struct vm_runner_ops *ops;
};

/* ERR_INVALID or ERR_LIMIT naming the field. Pure. */
must_check int vm_config_check(const struct vm_config *cfg, struct err *err);

/* "auto", "kvm", "tcg"; ERR_INVALID lists them. */
must_check int vm_accel_parse(const char *text, enum vm_accel *out,
			      struct err *err);
const char *vm_accel_name(enum vm_accel accel);

/**
 * vm_runner_start() - boot a microVM and wait until the guest says "ready"
 * @cfg:	borrowed for the call
 * @out:	set on success only; end with vm_stop(), then vm_free()
 * @err:	ERR_TIMEOUT or ERR_SYSTEM with the last console lines,
 *		ERR_NOT_FOUND for a missing program (with the remedy),
 *		ERR_CANCELLED
 *
 * On failure nothing is left running.
 */
static inline must_check int vm_runner_start(struct vm_runner *r,
					     const struct vm_config *cfg,
					     struct vm **out, struct err *err)
{
	return r->ops->start(r, cfg, out, err);
}

/**
 * vm_dial() - a byte stream to a TCP port of the guest
 * @out_fd:	owned by the caller
 */
static inline must_check int vm_dial(struct vm *vm, uint16_t port, int *out_fd,
				     struct err *err)
{
	return vm->ops->dial(vm, port, out_fd, err);
}

/**
 * vm_stop() - end the VM and prove it
 *
 * Asks the guest, then powers down, then kills; idempotent. On success (0) no
 * process of this VM is alive, and everything the guest wrote to its shares
 * is in the shared directories. -1: a process may still be alive, so nothing
 * may be read from the shares.
 */
static inline must_check int vm_stop(struct vm *vm, struct err *err)
{
	return vm->ops->stop(vm, err);
}

/* Accepts NULL. Kills what vm_stop() has not ended. */
static inline void vm_free(struct vm *vm)
{
	if (vm)
		vm->ops->free(vm);
}

/*
 * The seam for the file server: a directory becomes a connected vhost-user
 * socket that the VMM is given.
 */
struct file_server;
struct file_share;

struct file_share_ops {
	/* Ends the server; when it returns no process of it is alive. */
	void (*stop)(struct file_share *s);
};

struct file_share {
	const struct file_share_ops *ops;
	int vhost_fd; /* connected vhost-user socket; owned by the share */
	/*
	 * Set by the VM runner: called once, from the loop, when the server
	 * ends by itself. A guest would wait for its answers for ever.
	 */
	void (*on_end)(void *ctx);
	void *ctx;
};

struct file_server_ops {
	int (*serve)(struct file_server *fs, const struct vm_share *share,
		     struct file_share **out, struct err *err);
};

struct file_server {
	const struct file_server_ops *ops;
};

/**
 * file_server_serve() - start serving a directory over virtio-fs
 * @out:	end with file_share_stop(), after the VMM is dead
 */
static inline must_check int file_server_serve(struct file_server *fs,
					       const struct vm_share *share,
					       struct file_share **out,
					       struct err *err)
{
	return fs->ops->serve(fs, share, out, err);
}

/* Accepts NULL; frees the share. */
static inline void file_share_stop(struct file_share *s)
{
	if (s)
		s->ops->stop(s);
}

#endif /* BBOX_DOMAIN_VM_VM_H */
