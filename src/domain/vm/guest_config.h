/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_config.h - what the host tells bbox-init about this session.
 *
 * Text of "key=value" lines. A value ends at the newline; newline and
 * backslash inside it are written \n and \\. Keys that may repeat (env, host)
 * build lists. An unknown key is an error: host and guest come from one build.
 */
#ifndef BBOX_DOMAIN_VM_GUEST_CONFIG_H
#define BBOX_DOMAIN_VM_GUEST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strv.h"

#define GUEST_CONFIG_MAX ((size_t)1024 * 1024) /* bytes */

struct guest_config {
	uint32_t layer_count;
	uint32_t tmp_mib; /* size of /tmp */
	bool has_workspace;
	bool workspace_read_only;
	char *hostname;	       /* owned */
	char *dns;	       /* owned; address of the resolver */
	struct strv image_env; /* "NAME=value" */
	struct strv hosts;     /* lines for /etc/hosts: "address name" */
	struct strv mounts;    /* further shares, see guest_mount_read() */
};

#define GUEST_CONFIG_INIT ((struct guest_config){ .layer_count = 0 })

void guest_config_release(struct guest_config *c);

must_check int guest_config_write(const struct guest_config *c, struct buf *out,
				  struct err *err);
/* ERR_INVALID names the line. @out is released and filled. */
must_check int guest_config_read(struct span text, struct guest_config *out,
				 struct err *err);

/* A share other than the workspace: "rw TAG /PATH" or "ro TAG /PATH". */
struct guest_mount {
	bool read_only;
	char *tag;  /* owned */
	char *path; /* owned; relative to the root */
};

#define GUEST_MOUNT_INIT ((struct guest_mount){ .tag = NULL })

/* False unless the path is clean; @out is released in any case. */
must_check bool guest_mount_read(const char *text, struct guest_mount *out);
void guest_mount_release(struct guest_mount *m);
#define auto_guest_mount cleanup_with(guest_mount_release)

#endif /* BBOX_DOMAIN_VM_GUEST_CONFIG_H */
