// SPDX-License-Identifier: Apache-2.0
/*
 * session.c - the life of a session's keys.
 */
#include "domain/session/session.h"

#include <stdlib.h>
#include <string.h>

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void session_keys_release(struct session_keys *k)
{
	wipe(k->client_private);
	wipe(k->host_private);
	free(k->client_public);
	free(k->host_public);
	*k = SESSION_KEYS_INIT;
}
