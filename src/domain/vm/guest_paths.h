/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_paths.h - names that host and guest agree on.
 *
 * The session archive is appended to the initramfs and so exists in memory
 * only. bbox-init reads GUEST_CONFIG and the keys, and places everything
 * below GUEST_ROOT_TREE in the real root, with the owner and mode that the
 * archive gives.
 */
#ifndef BBOX_DOMAIN_VM_GUEST_PATHS_H
#define BBOX_DOMAIN_VM_GUEST_PATHS_H

#define GUEST_DIR	      "bbox"
#define GUEST_CONFIG	      "bbox/config"
#define GUEST_ENV	      "bbox/env" /* "export NAME='value'" lines */
#define GUEST_AUTHORIZED_KEYS "bbox/authorized_keys"
#define GUEST_HOST_KEY	      "bbox/ssh_host_key" /* PEM */
#define GUEST_ROOT_TREE	      "bbox/root"
#define GUEST_MODULES_DIR     "bbox/modules" /* NNN-name.ko in load order */

/* Disk serial numbers (virtio-blk, at most 20 bytes). */
#define GUEST_SERIAL_LAYER                                \
	"layer" /* followed by 0, 1, ...; 0 is the bottom \
		 */
#define GUEST_SERIAL_SCRATCH "scratch"

#define GUEST_CONTROL_PORT  "org.bbox.control" /* virtio-serial port name */
#define GUEST_WORKSPACE_TAG "workspace"	       /* virtio-fs tag */
#define GUEST_WORKSPACE	    "/workspace"

#define GUEST_USER	  "sandbox"
#define GUEST_UID	  1000
#define GUEST_GID	  1000
#define GUEST_HOME	  "/home/sandbox"
#define GUEST_SANDBOX_ENV "/etc/sandbox-env"

#define GUEST_ADDRESS	 "192.168.127.2"
#define GUEST_GATEWAY	 "192.168.127.1"
#define GUEST_PREFIX_LEN 24
#define GUEST_SSH_PORT	 22
#define GUEST_HOST_NAME	 "host.bbox.internal"

#endif /* BBOX_DOMAIN_VM_GUEST_PATHS_H */
