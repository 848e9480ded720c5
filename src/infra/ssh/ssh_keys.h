/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_keys.h - the two Ed25519 key pairs of a session.
 */
#ifndef BBOX_INFRA_SSH_SSH_KEYS_H
#define BBOX_INFRA_SSH_SSH_KEYS_H

#include <libssh/libssh.h>
#include <stdbool.h>

#include "domain/session/session.h"

/* Makes fresh keys for client and server; @out is set on success. */
must_check int ssh_keys_make(struct session_keys *out, struct err *err);

/* The caller frees @out with ssh_key_free(). */
must_check int ssh_keys_import(const char *private_text, ssh_key *out,
			       struct err *err);

/* Is @key the one that @public_line ("type base64") describes? */
bool ssh_keys_match(ssh_key key, const char *public_line);

#endif /* BBOX_INFRA_SSH_SSH_KEYS_H */
