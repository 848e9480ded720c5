// SPDX-License-Identifier: Apache-2.0
/*
 * accounts_test.c - users are found by their fields, files keep their lines.
 */
#include "guest/accounts.h"

#include "support/check.h"

#define PASSWD "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:\n"

static const struct id_case {
	const char *name, *text;
	uint32_t id;
	bool want;
} id_cases[] = {
	{ "first line", PASSWD, 0, true },
	{ "second line", PASSWD, 1000, true },
	{ "unknown", PASSWD, 1001, false },
	{ "prefix of a number", PASSWD, 100, false },
	{ "empty file", "", 1000, false },
	{ "no final newline", "a:x:1000:1", 1000, true },
	{ "in another field", "a:1000:5:1000:1000:1000", 1000, false },
	{ "too few fields", "1000\n1000:1000\n", 1000, false },
	{ "leading zero", "a:x:01000:", 1000, false },
};

static void test_ids_are_found_in_the_third_field(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(id_cases); i++) {
		const struct id_case *c = &id_cases[i];

		CHECK(accounts_have_id(SPAN_STR(c->text), c->id) == c->want,
		      "%s: %u", c->name, c->id);
	}
}

static const struct name_case {
	const char *name, *text, *user;
	bool want;
} name_cases[] = {
	{ "there", "root:*:\nsandbox:!:\n", "sandbox", true },
	{ "longer name", "sandbox2:!:\n", "sandbox", false },
	{ "shorter name", "sand:!:\n", "sandbox", false },
	{ "in another field", "a:sandbox:\n", "sandbox", false },
	{ "empty", "", "sandbox", false },
};

static void test_names_are_found_in_the_first_field(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_cases); i++) {
		const struct name_case *c = &name_cases[i];

		CHECK(accounts_have_name(SPAN_STR(c->text), c->user) == c->want,
		      "%s: '%s'", c->name, c->text);
	}
}

static void test_a_line_is_added_on_a_line_of_its_own(void **state unused)
{
	static const struct {
		const char *before, *want;
	} cases[] = {
		{ "", "new\n" },
		{ "old\n", "old\nnew\n" },
		{ "old", "old\nnew\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf b = BUF_INIT(64);
		struct err err = ERR_INIT;

		CHECK_OK(buf_adds(&b, cases[i].before, &err), &err);
		CHECK_OK(accounts_add_line(&b, "new", &err), &err);
		assert_string_equal(b.data, cases[i].want);
	}
}

static void test_a_file_at_its_limit_takes_no_line(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(4);
	struct err err;

	CHECK_FAILS(accounts_add_line(&b, "12345", &err), &err, ERR_LIMIT, "");
}

static void test_host_names(void **state unused)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "bbox", true },
		{ "a.b-c.9", true },
		{ "", false },
		{ "-a", false },
		{ ".a", false },
		{ "a b", false },
		{ "a\nb", false },
		{ "\xc3\xa9", false },
		{ "1234567890123456789012345678901234567890"
		  "123456789012345678901234",
		  true },
		{ "1234567890123456789012345678901234567890"
		  "1234567890123456789012345",
		  false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK(hostname_is_valid(cases[i].name) == cases[i].want, "'%s'",
		      cases[i].name);
}

static void test_hosts_name_the_guest_and_what_is_asked(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(1024);
	auto_strv struct strv extra = STRV_INIT;
	struct err err = ERR_INIT;

	strv_add(&extra, "192.168.127.1 host.bbox.internal");
	CHECK_OK(hosts_compose("vm", &extra, &b, &err), &err);
	assert_string_equal(b.data, "127.0.0.1 localhost\n"
				    "::1 localhost ip6-localhost ip6-loopback\n"
				    "192.168.127.2 vm\n"
				    "192.168.127.1 host.bbox.internal\n");
}

static void test_a_host_line_cannot_smuggle_another(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(1024);
	auto_strv struct strv extra = STRV_INIT;
	struct err err;

	strv_add(&extra, "1.2.3.4 a");
	strv_add(&extra, "1.2.3.4 b\n6.6.6.6 github.com");
	CHECK_FAILS(hosts_compose("vm", &extra, &b, &err), &err, ERR_INVALID,
		    "host line 2 is not one line");
}

static void test_resolver_must_be_an_address(void **state unused)
{
	static const char *const bad[] = { "", "localhost", "1.2.3.4\nx",
					   "1.2.3", "::1" };
	auto_buf struct buf b = BUF_INIT(64);
	struct err err = ERR_INIT;

	CHECK_OK(resolv_compose("192.168.127.3", &b, &err), &err);
	assert_string_equal(b.data, "nameserver 192.168.127.3\n");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_FAILS(resolv_compose(bad[i], &b, &err), &err, ERR_INVALID,
			    "IPv4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_are_found_in_the_third_field),
		cmocka_unit_test(test_names_are_found_in_the_first_field),
		cmocka_unit_test(test_a_line_is_added_on_a_line_of_its_own),
		cmocka_unit_test(test_a_file_at_its_limit_takes_no_line),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_hosts_name_the_guest_and_what_is_asked),
		cmocka_unit_test(test_a_host_line_cannot_smuggle_another),
		cmocka_unit_test(test_resolver_must_be_an_address),
	};

	return RUN_TESTS(tests);
}
