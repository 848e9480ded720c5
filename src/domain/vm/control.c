// SPDX-License-Identifier: Apache-2.0
/*
 * control.c - parse and write the lines of the control port.
 */
#include "domain/vm/control.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define PHASE_NAME_MAX ((size_t)64) /* bytes */

enum argument { ARGUMENT_NONE, ARGUMENT_PHASE, ARGUMENT_REASON };

static const struct word {
	const char *text;
	enum argument argument;
} words[] = {
	[CONTROL_PHASE] = { "phase", ARGUMENT_PHASE },
	[CONTROL_READY] = { "ready", ARGUMENT_NONE },
	[CONTROL_FAIL] = { "fail", ARGUMENT_REASON },
	[CONTROL_HALTED] = { "halted", ARGUMENT_NONE },
	[CONTROL_SHUTDOWN] = { "shutdown", ARGUMENT_NONE },
};
static_assert(ARRAY_SIZE(words) == CONTROL_TYPE_COUNT,
	      "words[] and enum control_type differ");

static bool is_phase_name(struct span s)
{
	const char *p = s.p;

	for (size_t i = 0; i < s.len; i++) {
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		      (p[i] >= '0' && p[i] <= '9') || p[i] == '-' ||
		      p[i] == '_'))
			return false;
	}
	return s.len && s.len <= PHASE_NAME_MAX;
}

/* "<name> <milliseconds>" */
static bool parse_phase(struct span args, struct control_msg *msg)
{
	struct span name, number;
	char digits[24];

	if (!span_take_until(&args, ' ', &name) || !is_phase_name(name))
		return false;
	number = args;
	if (!number.len || number.len >= sizeof(digits))
		return false;
	memcpy(digits, number.p, number.len);
	digits[number.len] = '\0';
	memcpy(msg->text, name.p, name.len);
	return strlen(digits) == number.len &&
	       text_parse_u64(digits, INT64_MAX, &msg->since_boot_ms);
}

static bool parse_argument(enum argument argument, bool given, struct span args,
			   struct control_msg *msg)
{
	switch (argument) {
	case ARGUMENT_NONE:
		return !given;
	case ARGUMENT_PHASE:
		return given && parse_phase(args, msg);
	case ARGUMENT_REASON:
		if (!given || memchr(args.p, '\0', args.len))
			return false;
		memcpy(msg->text, args.p, args.len);
		return true;
	}
	return false;
}

static bool parse_line(struct span line, struct control_msg *msg)
{
	size_t len = line.len;
	struct span word;
	bool given;

	if (memchr(line.p, '\n', line.len) ||
	    !span_take_until(&line, ' ', &word))
		return false;
	given = word.len < len;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!span_equals(word, words[i].text))
			continue;
		msg->type = (enum control_type)i;
		return parse_argument(words[i].argument, given, line, msg);
	}
	return false;
}

int control_parse(struct span line, struct control_msg *out, struct err *err)
{
	struct control_msg msg = { .text = "" };

	if (line.len > CONTROL_LINE_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "control line exceeds %zu bytes",
			       CONTROL_LINE_MAX);
	if (!line.len || !parse_line(line, &msg)) {
		auto_free char *copy = xmemdup0(line.p, line.len);
		auto_free char *shown = text_visible(copy);

		return err_set(err, ERR_PROTOCOL, "bad control line '%s'",
			       shown);
	}
	*out = msg;
	return 0;
}

/* A reason must get out: what does not fit on the line is cut. */
static int format_reason(const char *reason, struct buf *out, struct err *err)
{
	size_t room = CONTROL_LINE_MAX - strlen("fail ");

	for (size_t i = 0; i < room && reason[i]; i++) {
		if (buf_addc(out, reason[i] == '\n' ? ' ' : reason[i], err) < 0)
			return -1;
	}
	return 0;
}

static int format_argument(const struct control_msg *msg, struct buf *out,
			   struct err *err)
{
	switch (words[msg->type].argument) {
	case ARGUMENT_NONE:
		return 0;
	case ARGUMENT_PHASE:
		if (!is_phase_name(SPAN_STR(msg->text)))
			return err_set(err, ERR_INVALID, "bad phase name");
		return buf_addf(out, err, " %s %" PRIu64, msg->text,
				msg->since_boot_ms);
	case ARGUMENT_REASON:
		if (buf_addc(out, ' ', err) < 0)
			return -1;
		return format_reason(msg->text, out, err);
	}
	return 0;
}

int control_format(const struct control_msg *msg, struct buf *out,
		   struct err *err)
{
	auto_buf struct buf line = BUF_INIT(CONTROL_LINE_MAX + 1);

	assert(msg->type < CONTROL_TYPE_COUNT);
	if (buf_adds(&line, words[msg->type].text, err) < 0 ||
	    format_argument(msg, &line, err) < 0 ||
	    buf_addc(&line, '\n', err) < 0)
		return -1;
	return buf_add(out, line.data, line.len, err);
}

int control_next(struct buf *in, struct control_msg *out, struct err *err)
{
	const char *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
	size_t len;
	int r;

	if (!end && in->len <= CONTROL_LINE_MAX)
		return 0;
	if (!end) {
		buf_reset(in);
		return err_set(err, ERR_PROTOCOL,
			       "control line exceeds %zu bytes",
			       CONTROL_LINE_MAX);
	}
	len = (size_t)(end - in->data);
	r = control_parse((struct span){ .p = in->data, .len = len }, out, err);
	buf_consume(in, len + 1);
	return r < 0 ? -1 : 1;
}
