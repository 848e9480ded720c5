// SPDX-License-Identifier: Apache-2.0
/*
 * host.c - parse the names that egress rules speak of.
 */
#include "domain/egress/host.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/vm/guest_paths.h"

#define NAME_MAX_LEN	       ((size_t)253)
#define LABEL_MAX_LEN	       ((size_t)63)
#define LABELS_BEHIND_WILDCARD ((size_t)2)
#define BLANKS		       " \t\r\n\v\f"
#define DIGITS		       "0123456789"
#define OWN_SUFFIX_WILDCARD    "*.bbox.internal"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

static void lower(char *s)
{
	for (; *s; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	}
}

/*
 * Resolvers take more for an IPv4 address than dotted quads: "127.1",
 * "0x7f000001", "2130706433". All of them end in a number, and no top-level
 * domain does.
 */
static bool is_address(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot ? dot + 1 : name;

	if (!*last)
		return false;
	if (last[strspn(last, DIGITS)] == '\0')
		return true;
	return text_starts_with(last, "0x") &&
	       last[2 + strspn(last + 2, DIGITS "abcdef")] == '\0';
}

static int check_label(const char *label, size_t len, struct err *err)
{
	if (!len)
		return err_set(err, ERR_INVALID, "empty label");
	if (len > LABEL_MAX_LEN)
		return err_set(err, ERR_INVALID, "label exceeds %zu characters",
			       LABEL_MAX_LEN);
	if (label[0] == '-')
		return err_set(err, ERR_INVALID,
			       "label must not start with a hyphen");
	if (label[len - 1] == '-')
		return err_set(err, ERR_INVALID,
			       "label must not end with a hyphen");
	for (size_t i = 0; i < len; i++) {
		if (!is_name_char(label[i]))
			return err_set(err, ERR_INVALID,
				       "invalid character: use letters, "
				       "digits, '-' and '_'");
	}
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	const char *rest = name;
	size_t labels = 0;

	if (!strcmp(name, "*"))
		return err_set(err, ERR_INVALID,
			       "bare wildcard would allow every host");
	if (text_ends_with(name, "."))
		return err_set(err, ERR_INVALID, "trailing dot");
	if (is_address(name))
		return err_set(err, ERR_INVALID,
			       "IP address: give a host name");
	if (strlen(name) > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID, "exceeds %zu characters",
			       NAME_MAX_LEN);
	if (text_starts_with(rest, "*."))
		rest += 2;
	if (strchr(rest, '*'))
		return err_set(err, ERR_INVALID,
			       "wildcard must be the entire leftmost label");
	for (;; rest++) {
		size_t len = strcspn(rest, ".");

		if (check_label(rest, len, err) < 0)
			return -1;
		labels++;
		rest += len;
		if (!*rest)
			break;
	}
	if (name[0] == '*' && labels < LABELS_BEHIND_WILDCARD)
		return err_set(err, ERR_INVALID,
			       "wildcard must be followed by at least two "
			       "domain labels");
	return 0;
}

static int parse_port(const char *text, uint16_t *out, struct err *err)
{
	uint64_t port;

	if (!*text)
		return err_set(err, ERR_INVALID, "missing port after ':'");
	if (!text_parse_u64(text, UINT16_MAX, &port))
		return err_set(err, ERR_INVALID, "invalid port: 1 to 65535");
	if (!port)
		return err_set(err, ERR_INVALID, "port must be non-zero");
	*out = (uint16_t)port;
	return 0;
}

/* What bbox itself offers is granted port by port. */
static int check_own_names(const char *name, uint16_t port, struct err *err)
{
	if (!strcmp(name, OWN_SUFFIX_WILDCARD))
		return err_set(err, ERR_INVALID,
			       "wildcard covers %s: name it with a port",
			       GUEST_HOST_NAME);
	if (!strcmp(name, GUEST_HOST_NAME) && !port)
		return err_set(err, ERR_INVALID,
			       "missing port: %s grants one port of this "
			       "machine, as in %s:11434",
			       GUEST_HOST_NAME, GUEST_HOST_NAME);
	return 0;
}

static char *copy_trimmed(const char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]))
		len--;
	return xmemdup0(text, len);
}

int egress_host_parse(const char *text, struct egress_host *out,
		      struct err *err)
{
	auto_free char *name = copy_trimmed(text);
	char *colon = strchr(name, ':');
	uint16_t port = 0;

	if (!*name)
		return err_set(err, ERR_INVALID, "empty host flag");
	if (name[0] == '[' || (colon && strchr(colon + 1, ':')))
		return err_set(err, ERR_INVALID,
			       "IP address: give a host name");
	if (colon == name)
		return err_set(err, ERR_INVALID, "empty hostname");
	if (colon) {
		*colon = '\0';
		if (parse_port(colon + 1, &port, err) < 0)
			return -1;
	}
	lower(name);
	if (check_name(name, err) < 0 || check_own_names(name, port, err) < 0)
		return -1;
	*out = (struct egress_host){ .port = port };
	memcpy(out->name, name, strlen(name) + 1);
	return 0;
}
