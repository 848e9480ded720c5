// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_keys.c - make, import and compare Ed25519 keys with libssh.
 */
#include "infra/ssh/ssh_keys.h"

#include <string.h>

#include "base/mem.h"

static void key_free(ssh_key *key)
{
	ssh_key_free(*key);
}
#define auto_key cleanup_with(key_free)

/* One line "type base64"; NULL when libssh cannot express the key. */
static char *public_line(ssh_key key)
{
	const char *type = ssh_key_type_to_char(ssh_key_type(key));
	char *base64 = NULL;
	char *line;

	if (!type || ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK)
		return NULL;
	line = xasprintf("%s %s", type, base64);
	ssh_string_free_char(base64);
	return line;
}

static int export_private(ssh_key key, char **out, struct err *err)
{
	char *text = NULL;

	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &text) !=
	    SSH_OK)
		return err_set(err, ERR_UNSUPPORTED,
			       "export an Ed25519 key: libssh refused");
	*out = xstrdup(text);
	explicit_bzero(text, strlen(text));
	ssh_string_free_char(text);
	return 0;
}

static int make_pair(char **out_private, char **out_public, struct err *err)
{
	auto_key ssh_key key = NULL;

	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		return err_set(err, ERR_UNSUPPORTED,
			       "make an Ed25519 key: libssh refused");
	if (export_private(key, out_private, err) < 0)
		return -1;
	*out_public = public_line(key);
	if (!*out_public)
		return err_set(err, ERR_UNSUPPORTED,
			       "export an Ed25519 key: libssh refused");
	return 0;
}

int ssh_keys_make(struct session_keys *out, struct err *err)
{
	struct session_keys keys = SESSION_KEYS_INIT;

	if (make_pair(&keys.client_private, &keys.client_public, err) < 0 ||
	    make_pair(&keys.host_private, &keys.host_public, err) < 0) {
		session_keys_release(&keys);
		return -1;
	}
	*out = keys;
	return 0;
}

int ssh_keys_import(const char *private_text, ssh_key *out, struct err *err)
{
	if (ssh_pki_import_privkey_base64(private_text, NULL, NULL, NULL,
					  out) != SSH_OK)
		return err_set(err, ERR_INVALID,
			       "session key is not a private key");
	return 0;
}

bool ssh_keys_match(ssh_key key, const char *line)
{
	auto_free char *have = public_line(key);

	return have && strcmp(have, line) == 0;
}
