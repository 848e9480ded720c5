/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h - find a user and a password in what git may take for a URL. Pure.
 *
 * A URL is what RFC 3986 says, strictly: with a scheme, an authority and no
 * byte that its grammar does not know.
 */
#ifndef BBOX_DOMAIN_GIT_URL_H
#define BBOX_DOMAIN_GIT_URL_H

#include <stdbool.h>

#include "base/span.h"

enum git_url_kind {
	/*
	 * It holds "://" and '@' and is no URL, or one with another in it, so
	 * that nobody can say what is a user: "https://a:b@c@d",
	 * "https::https://user:password@host", "https://mirror/https://a:b@c".
	 */
	GIT_URL_SUSPICIOUS,
	GIT_URL_OTHER,	  /* a URL without user, a path, scp style, any text */
	GIT_URL_USER,	  /* a URL with a user and no password */
	GIT_URL_PASSWORD, /* a URL with user and password; either may be "" */
};

struct git_url {
	enum git_url_kind kind;
	bool is_http;		     /* http or https */
	size_t info_start, info_end; /* the user-info, with its '@' */
};

struct git_url git_url_parse(struct span text);

#endif /* BBOX_DOMAIN_GIT_URL_H */
