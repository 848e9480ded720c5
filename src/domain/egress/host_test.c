// SPDX-License-Identifier: Apache-2.0
/*
 * host_test.c - host names of egress rules.
 */
#include "domain/egress/host.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct ok_case {
	const char *text, *name;
	uint16_t port;
} ok_cases[] = {
	{ "api.github.com", "api.github.com", 0 },
	{ "api.github.com:443", "api.github.com", 443 },
	{ "*.docker.io", "*.docker.io", 0 },
	{ "*.docker.io:443", "*.docker.io", 443 },
	{ "  example.com:8080  ", "example.com", 8080 },
	{ "registry-1.docker.io", "registry-1.docker.io", 0 },
	{ "API.GitHub.COM:443", "api.github.com", 443 },
	{ "localhost", "localhost", 0 },
	{ "_dmarc.example.com", "_dmarc.example.com", 0 },
	{ "1password.com:65535", "1password.com", 65535 },
	{ L63 ".com", L63 ".com", 0 },
	{ "host.bbox.internal:11434", "host.bbox.internal", 11434 },
	{ "Host.Bbox.Internal:1", "host.bbox.internal", 1 },
};

static void test_good_hosts_are_parsed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(ok_cases); i++) {
		const struct ok_case *c = &ok_cases[i];
		struct egress_host host;
		struct err err = ERR_INIT;

		CHECK_OK(egress_host_parse(c->text, &host, &err), &err);
		CHECK(!strcmp(host.name, c->name) && host.port == c->port,
		      "'%s': got '%s' %u", c->text, host.name, host.port);
	}
}

static const struct bad_case {
	const char *text, *refused;
} bad_cases[] = {
	{ "", "empty host flag" },
	{ "  ", "empty host flag" },
	{ ":443", "empty hostname" },
	{ "example.com:", "missing port" },
	{ "example.com:abc", "invalid port" },
	{ "example.com:99999", "invalid port" },
	{ "example.com:-1", "invalid port" },
	{ "example.com: 1", "invalid port" },
	{ "example.com:0", "port must be non-zero" },
	{ "1.2.3.4", "IP address" },
	{ "1.2.3.4:443", "IP address" },
	{ "127.0.0.1", "IP address" },
	{ "127.1", "IP address" },
	{ "2130706433", "IP address" },
	{ "0x7f000001", "IP address" },
	{ "0X7F.1", "IP address" },
	{ "[::1]", "IP address" },
	{ "[::1]:443", "IP address" },
	{ "::1", "IP address" },
	{ "::ffff:1.2.3.4", "IP address" },
	{ "*", "bare wildcard" },
	{ "a*.com", "wildcard must be the entire leftmost label" },
	{ "a.*.com", "wildcard must be the entire leftmost label" },
	{ "*.*.com", "wildcard must be the entire leftmost label" },
	{ "**.example.com", "wildcard must be the entire leftmost label" },
	{ "*.com", "two domain labels" },
	{ "*.bbox.internal", "host.bbox.internal" },
	{ "*.bbox.internal:80", "host.bbox.internal" },
	{ "host.bbox.internal", "missing port" },
	{ "HOST.bbox.internal", "missing port" },
	{ "example.com.", "trailing dot" },
	{ "host.bbox.internal.:80", "trailing dot" },
	{ "-start.com", "must not start with a hyphen" },
	{ "end-.com", "must not end with a hyphen" },
	{ "foo..bar", "empty label" },
	{ ".foo", "empty label" },
	{ L63 "a.com", "exceeds 63 characters" },
	{ L63 "." L63 "." L63 "." L63, "exceeds 253 characters" },
	{ "exa mple.com", "invalid character" },
	{ "ex\x1b[mple.com", "invalid character" },
	{ "ex\nmple.com", "invalid character" },
	{ "b\xc3\xbc"
	  "cher.de",
	  "invalid character" },
	{ "user@example.com", "invalid character" },
	{ "https://example.com", "invalid port" },
};

static void test_bad_hosts_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		struct egress_host host = { .port = 7 };
		struct err err = ERR_INIT;

		CHECK_FAILS(egress_host_parse(c->text, &host, &err), &err,
			    ERR_INVALID, c->refused);
		CHECK(host.port == 7 && !host.name[0], "'%s': output touched",
		      c->text);
	}
}

static void test_longest_name_fits(void **state unused)
{
	/* 3 * 64 + 61 = 253 */
	auto_free char *text = xasprintf("%s.%s.%s.%.61s", L63, L63, L63, L63);
	struct egress_host host;
	struct err err = ERR_INIT;

	CHECK_OK(egress_host_parse(text, &host, &err), &err);
	CHECK(strlen(host.name) == 253, "%zu", strlen(host.name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_hosts_are_parsed),
		cmocka_unit_test(test_bad_hosts_are_refused),
		cmocka_unit_test(test_longest_name_fits),
	};

	return RUN_TESTS(tests);
}
