// SPDX-License-Identifier: Apache-2.0
/*
 * accounts.c - the text of /etc/passwd and its kin, /etc/hosts and
 * /etc/resolv.conf.
 */
#include "guest/accounts.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "domain/vm/guest_paths.h"

#define HOSTNAME_MAX 64 /* bytes; the kernel's limit */

bool accounts_have_id(struct span text, uint32_t id)
{
	struct span line, field;
	char want[16];

	snprintf(want, sizeof(want), "%u", id);
	while (span_take_until(&text, '\n', &line)) {
		if (span_take_until(&line, ':', &field) &&
		    span_take_until(&line, ':', &field) &&
		    span_take_until(&line, ':', &field) &&
		    span_equals(field, want))
			return true;
	}
	return false;
}

bool accounts_have_name(struct span text, const char *name)
{
	struct span line, field;

	while (span_take_until(&text, '\n', &line)) {
		if (span_take_until(&line, ':', &field) &&
		    span_equals(field, name))
			return true;
	}
	return false;
}

int accounts_add_line(struct buf *text, const char *line, struct err *err)
{
	if (text->len && text->data[text->len - 1] != '\n' &&
	    buf_addc(text, '\n', err) < 0)
		return -1;
	return buf_addf(text, err, "%s\n", line);
}

bool hostname_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > HOSTNAME_MAX || *name == '-' || *name == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-") == len;
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}
	return false;
}

int hosts_compose(const char *hostname, const struct strv *extra,
		  struct buf *out, struct err *err)
{
	if (buf_addf(out, err,
		     "127.0.0.1 localhost\n"
		     "::1 localhost ip6-localhost ip6-loopback\n"
		     "%s %s\n",
		     GUEST_ADDRESS, hostname) < 0)
		return -1;
	for (size_t i = 0; i < extra->n; i++) {
		if (has_control(extra->v[i]))
			return err_set(err, ERR_INVALID,
				       "host line %zu is not one line", i + 1);
		if (buf_addf(out, err, "%s\n", extra->v[i]) < 0)
			return -1;
	}
	return 0;
}

int resolv_compose(const char *dns, struct buf *out, struct err *err)
{
	struct in_addr address;

	if (inet_pton(AF_INET, dns, &address) != 1)
		return err_set(err, ERR_INVALID,
			       "resolver is not an IPv4 address");
	return buf_addf(out, err, "nameserver %s\n", dns);
}
