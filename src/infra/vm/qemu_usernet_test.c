// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_usernet_test.c - the monitor's table, and lines that look like it.
 */
#include "infra/vm/qemu_usernet.h"

#include "support/check.h"

#define HEAD                                                                \
	"Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   " \
	"Dest. Address  Port RecvQ SendQ\r\n"

/* clang-format off */
static const struct usernet_case {
	const char *name, *text;
	uint16_t want; /* 0: not found */
} usernet_cases[] = {
	{ "a forward", HEAD "  TCP[HOST_FORWARD]  13       127.0.0.1 43907   "
	  "192.168.127.2    22     0     0\r\n", 43907 },
	{ "among others",
	  HEAD "  TCP[ESTABLISHED]  9 127.0.0.1 1 192.168.127.2 22 0 0\r\n"
	  "  TCP[HOST_FORWARD]  15 127.0.0.1 7 192.168.127.2 80 0 0\r\n"
	  "  TCP[HOST_FORWARD]  13 127.0.0.1 9 192.168.127.2 22 0 0\r\n", 9 },
	{ "none", HEAD, 0 },
	{ "empty", "", 0 },
	{ "another protocol",
	  "UDP[HOST_FORWARD] 1 127.0.0.1 7 192.168.127.2 22 0 0\n", 0 },
	{ "open to everybody",
	  "TCP[HOST_FORWARD] 1 * 7 192.168.127.2 22 0 0\n", 0 },
	{ "another guest",
	  "TCP[HOST_FORWARD] 1 127.0.0.1 7 10.0.2.15 22 0 0\n", 0 },
	{ "port too large",
	  "TCP[HOST_FORWARD] 1 127.0.0.1 65536 192.168.127.2 22 0 0\n", 0 },
	{ "port zero",
	  "TCP[HOST_FORWARD] 1 127.0.0.1 0 192.168.127.2 22 0 0\n", 0 },
	{ "cut short", "TCP[HOST_FORWARD] 1 127.0.0.1 7 192.168.127.2\n", 0 },
};
/* clang-format on */

static void test_forward_is_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(usernet_cases); i++) {
		const struct usernet_case *c = &usernet_cases[i];
		uint16_t got = 0;
		bool found = usernet_find(SPAN_STR(c->text), 22, &got);

		CHECK(found == (c->want != 0) && got == c->want,
		      "%s: found %d, port %u", c->name, found, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward_is_found),
	};

	return RUN_TESTS(tests);
}
