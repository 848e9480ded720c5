/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - names that egress rules speak of (chapter 10, section 4.7).
 */
#ifndef BBOX_DOMAIN_EGRESS_HOST_H
#define BBOX_DOMAIN_EGRESS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define EGRESS_HOST_SIZE 254 /* RFC 1035 limit and the NUL */

struct egress_host {
	char name[EGRESS_HOST_SIZE]; /* lower case; may start with "*." */
	uint16_t port;		     /* 0 means every port */
};

/*
 * "host[:port]" as --allow-host takes it; ERR_INVALID with the fragments of
 * chapter 10, section 4.7. A wildcard needs two labels behind it. The name
 * host.bbox.internal needs a port: it grants one port of the host.
 */
must_check int egress_host_parse(const char *text, struct egress_host *out,
				 struct err *err);

#endif /* BBOX_DOMAIN_EGRESS_HOST_H */
