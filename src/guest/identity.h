/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - who and where the guest is: host name, resolver, user, home.
 */
#ifndef BBOX_GUEST_IDENTITY_H
#define BBOX_GUEST_IDENTITY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "domain/vm/guest_config.h"

/* The shell of the image: bash when it can be executed, else sh. */
const char *identity_shell(int root);

/* Sets the host name; writes /etc/hostname, /etc/hosts, /etc/resolv.conf. */
must_check int identity_set_host(int root, const struct guest_config *config,
				 struct err *err);

/* Makes the session's user known, and a home that belongs to it. */
must_check int identity_set_user(int root, struct err *err);

/* Writes the environment file for the shell of the session, if there is any. */
must_check int identity_set_env(int root, struct span text, struct err *err);

#endif /* BBOX_GUEST_IDENTITY_H */
