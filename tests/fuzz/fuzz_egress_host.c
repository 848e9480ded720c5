// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_egress_host.c - whatever is accepted is a lower-case name of bounded
 * labels, never an address, and parses to itself again.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "domain/egress/host.h"
#include "fuzz/fuzz.h"

static void check_host(const struct egress_host *host)
{
	const char *name = host->name, *last = strrchr(name, '.');

	INVARIANT(strlen(name) > 0 && strlen(name) < EGRESS_HOST_SIZE);
	name += strncmp(name, "*.", 2) ? 0 : 2;
	INVARIANT(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789"
				    "-_.")] == '\0');
	last = last ? last + 1 : name;
	INVARIANT(*last && last[strspn(last, "0123456789")] != '\0');
	INVARIANT(!strstr(name, "..") && *name != '.');
	/* No rule opens all ports of the host. */
	INVARIANT(host->port || strcmp(host->name, "host.bbox.internal") != 0);
	INVARIANT(strcmp(host->name, "*.bbox.internal") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup0(data, size);
	auto_free char *again = NULL;
	struct egress_host host, second;
	struct err err = ERR_INIT;

	if (egress_host_parse(text, &host, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID && err.msg[0]);
		return 0;
	}
	check_host(&host);
	again = host.port ? xasprintf("%s:%u", host.name, host.port)
			  : xstrdup(host.name);
	INVARIANT(!egress_host_parse(again, &second, &err));
	INVARIANT(second.port == host.port && !strcmp(second.name, host.name));
	return 0;
}
