// SPDX-License-Identifier: Apache-2.0
/*
 * control_test.c - lines of the control port.
 */
#include "domain/vm/control.h"

#include <string.h>

#include "support/check.h"

static const struct line_case {
	const char *line;
	bool valid;
	enum control_type type;
	const char *text;
	uint64_t ms;
} line_cases[] = {
	{ "ready", true, CONTROL_READY, "", 0 },
	{ "halted", true, CONTROL_HALTED, "", 0 },
	{ "shutdown", true, CONTROL_SHUTDOWN, "", 0 },
	{ "phase root-mounted 1234", true, CONTROL_PHASE, "root-mounted",
	  1234 },
	{ "phase x 0", true, CONTROL_PHASE, "x", 0 },
	{ "phase x 9223372036854775807", true, CONTROL_PHASE, "x", INT64_MAX },
	{ "fail mount '/': No such device", true, CONTROL_FAIL,
	  "mount '/': No such device", 0 },
	{ "fail ", true, CONTROL_FAIL, "", 0 },
	{ "fail \x1b[2J", true, CONTROL_FAIL, "\x1b[2J", 0 },
	{ "", false, 0, NULL, 0 },
	{ " ready", false, 0, NULL, 0 },
	{ "ready ", false, 0, NULL, 0 },
	{ "ready now", false, 0, NULL, 0 },
	{ "READY", false, 0, NULL, 0 },
	{ "readyx", false, 0, NULL, 0 },
	{ "ready\r", false, 0, NULL, 0 },
	{ "fail", false, 0, NULL, 0 },
	{ "fail a\nready", false, 0, NULL, 0 },
	{ "phase", false, 0, NULL, 0 },
	{ "phase ", false, 0, NULL, 0 },
	{ "phase x", false, 0, NULL, 0 },
	{ "phase x ", false, 0, NULL, 0 },
	{ "phase  1", false, 0, NULL, 0 },
	{ "phase x -1", false, 0, NULL, 0 },
	{ "phase x 1 ", false, 0, NULL, 0 },
	{ "phase x y 1", false, 0, NULL, 0 },
	{ "phase \x1b[2J 1", false, 0, NULL, 0 },
	{ "phase x 9223372036854775808", false, 0, NULL, 0 },
	{ "phase x 99999999999999999999999999", false, 0, NULL, 0 },
	{ "unknown", false, 0, NULL, 0 },
};

static void test_lines_are_parsed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		struct control_msg msg = { .since_boot_ms = 77 };
		struct err err = ERR_INIT;

		if (!c->valid) {
			CHECK_FAILS(
				control_parse(SPAN_STR(c->line), &msg, &err),
				&err, ERR_PROTOCOL, "bad control line");
			CHECK(msg.since_boot_ms == 77, "'%s': output touched",
			      c->line);
			continue;
		}
		CHECK_OK(control_parse(SPAN_STR(c->line), &msg, &err), &err);
		CHECK(msg.type == c->type && !strcmp(msg.text, c->text) &&
			      msg.since_boot_ms == c->ms,
		      "'%s': got '%s'", c->line, msg.text);
	}
}

static void test_nul_bytes_are_refused(void **state unused)
{
	static const struct span lines[] = {
		{ "ready\0", 6 },      { "fail a\0b", 8 },
		{ "phase x 1\0", 10 }, { "phase x\0 1", 10 },
		{ "\0", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct control_msg msg;
		struct err err = ERR_INIT;

		CHECK_FAILS(control_parse(lines[i], &msg, &err), &err,
			    ERR_PROTOCOL, "bad control line");
	}
}

static void test_refused_line_is_shown_visibly(void **state unused)
{
	struct control_msg msg;
	struct err err = ERR_INIT;

	CHECK(control_parse(SPAN_STR("a\x1b[2Jb"), &msg, &err) < 0, "parsed");
	CHECK(!strcmp(err.msg, "bad control line 'a\\x1b[2Jb'"), "'%s'",
	      err.msg);
}

static void test_what_is_written_can_be_read(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		auto_buf struct buf out = BUF_INIT(CONTROL_LINE_MAX + 1);
		struct control_msg msg;
		struct err err = ERR_INIT;

		if (!c->valid)
			continue;
		CHECK_OK(control_parse(SPAN_STR(c->line), &msg, &err), &err);
		CHECK_OK(control_format(&msg, &out, &err), &err);
		CHECK(out.len == strlen(c->line) + 1 &&
			      !memcmp(out.data, c->line, out.len - 1) &&
			      out.data[out.len - 1] == '\n',
		      "'%s': got '%s'", c->line, out.data);
	}
}

static void test_a_reason_is_made_to_fit(void **state unused)
{
	auto_buf struct buf out = BUF_INIT((size_t)4 * CONTROL_LINE_MAX);
	struct control_msg msg = { .type = CONTROL_FAIL };
	struct err err = ERR_INIT;

	memset(msg.text, 'x', CONTROL_LINE_MAX);
	msg.text[3] = '\n';
	CHECK_OK(control_format(&msg, &out, &err), &err);
	CHECK(out.len == CONTROL_LINE_MAX + 1, "%zu bytes", out.len);
	CHECK(!memcmp(out.data, "fail xxx xx", 11), "'%s'", out.data);
	CHECK(control_next(&out, &msg, &err) == 1, "'%s'", err.msg);
}

static void test_a_bad_phase_is_not_written(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(CONTROL_LINE_MAX + 1);
	struct control_msg msg = { .type = CONTROL_PHASE, .text = "a b" };
	struct err err = ERR_INIT;

	CHECK_FAILS(control_format(&msg, &out, &err), &err, ERR_INVALID,
		    "bad phase name");
	CHECK(!out.len, "something was written");
}

static void test_lines_are_taken_one_by_one(void **state unused)
{
	auto_buf struct buf in = BUF_INIT(CONTROL_LINE_MAX + 1);
	struct control_msg msg;
	struct err err = ERR_INIT;

	CHECK(!control_next(&in, &msg, &err), "nothing is a line");
	CHECK_OK(buf_adds(&in, "phase a 1\nbad\nready\nhal", &err), &err);
	CHECK(control_next(&in, &msg, &err) == 1 && msg.type == CONTROL_PHASE,
	      "no phase");
	CHECK_FAILS(control_next(&in, &msg, &err), &err, ERR_PROTOCOL, "'bad'");
	CHECK(control_next(&in, &msg, &err) == 1 && msg.type == CONTROL_READY,
	      "no ready");
	CHECK(!control_next(&in, &msg, &err), "half a line");
	CHECK_OK(buf_adds(&in, "ted\n", &err), &err);
	CHECK(control_next(&in, &msg, &err) == 1 &&
		      msg.type == CONTROL_HALTED && !in.len,
	      "no halted");
}

static void test_overlong_lines_are_refused_and_consumed(void **state unused)
{
	auto_buf struct buf in = BUF_INIT(CONTROL_LINE_MAX + 1);
	char text[CONTROL_LINE_MAX + 1];
	struct control_msg msg;
	struct err err = ERR_INIT;

	memset(text, 'x', sizeof(text));
	memcpy(text, "fail ", 5);
	CHECK_OK(buf_add(&in, text, CONTROL_LINE_MAX, &err), &err);
	CHECK(!control_next(&in, &msg, &err), "a newline may still come");
	CHECK_OK(buf_addc(&in, '\n', &err), &err);
	CHECK(control_next(&in, &msg, &err) == 1, "the longest line");
	CHECK_OK(buf_add(&in, text, sizeof(text), &err), &err);
	CHECK_FAILS(control_next(&in, &msg, &err), &err, ERR_PROTOCOL,
		    "exceeds 512 bytes");
	CHECK(!in.len, "the buffer stays full");
	CHECK_FAILS(
		control_parse((struct span){ .p = text, .len = sizeof(text) },
			      &msg, &err),
		&err, ERR_PROTOCOL, "exceeds 512 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_parsed),
		cmocka_unit_test(test_nul_bytes_are_refused),
		cmocka_unit_test(test_refused_line_is_shown_visibly),
		cmocka_unit_test(test_what_is_written_can_be_read),
		cmocka_unit_test(test_a_reason_is_made_to_fit),
		cmocka_unit_test(test_a_bad_phase_is_not_written),
		cmocka_unit_test(test_lines_are_taken_one_by_one),
		cmocka_unit_test(test_overlong_lines_are_refused_and_consumed),
	};

	return RUN_TESTS(tests);
}
