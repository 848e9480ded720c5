/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.h - the text of /etc/passwd and its kin, /etc/hosts and
 * /etc/resolv.conf. Pure.
 */
#ifndef BBOX_GUEST_ACCOUNTS_H
#define BBOX_GUEST_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strv.h"

#define ACCOUNTS_FILE_MAX ((size_t)4 * 1024 * 1024) /* bytes */

/* Does a line of a passwd or group file have this number as third field? */
bool accounts_have_id(struct span text, uint32_t id);
/* Does a line of a passwd, group or shadow file start with this name? */
bool accounts_have_name(struct span text, const char *name);
/* Appends a line, after a newline when the last line lacks one. */
must_check int accounts_add_line(struct buf *text, const char *line,
				 struct err *err);

/* Letters, digits, dots and hyphens; at most 64 bytes (HOST_NAME_MAX). */
bool hostname_is_valid(const char *name);

/**
 * hosts_compose() - write an /etc/hosts
 * @hostname:	valid
 * @extra:	lines "address name"; one with a control character is
 *		ERR_INVALID
 */
must_check int hosts_compose(const char *hostname, const struct strv *extra,
			     struct buf *out, struct err *err);

/* @dns: a dotted IPv4 address, else ERR_INVALID. */
must_check int resolv_compose(const char *dns, struct buf *out,
			      struct err *err);

#endif /* BBOX_GUEST_ACCOUNTS_H */
