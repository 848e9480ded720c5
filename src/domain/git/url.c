// SPDX-License-Identifier: Apache-2.0
/*
 * url.c - find a user and a password in what git may take for a URL.
 */
#include "domain/git/url.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3986, appendix A: unreserved, sub-delims, and @more. */
static bool is_url_char(char c, const char *more)
{
	return is_letter(c) || is_digit(c) ||
	       (c && (strchr("-._~!$&'()*+,;=", c) || strchr(more, c)));
}

/* Are all of @len bytes characters of that kind or percent escapes? */
static bool all_url_chars(const char *s, size_t len, const char *more)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			if (len - i < 3 || !is_hex(s[i + 1]) ||
			    !is_hex(s[i + 2]))
				return false;
			i += 2;
		} else if (!is_url_char(s[i], more)) {
			return false;
		}
	}
	return true;
}

/* Nothing, or a ':' and digits. */
static bool is_port(const char *s, size_t len)
{
	if (len && s[0] != ':')
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_digit(s[i]))
			return false;
	}
	return true;
}

/* A name or an address in brackets, and perhaps a port. */
static bool is_host(const char *s, size_t len)
{
	bool bracket = len && s[0] == '[';
	const char *end = len ? memchr(s, bracket ? ']' : ':', len) : NULL;
	size_t host = end ? (size_t)(end - s) : len;

	if (!bracket)
		return all_url_chars(s, host, "") &&
		       is_port(s + host, len - host);
	return end && all_url_chars(s + 1, host - 1, ":") &&
	       is_port(end + 1, len - host - 1);
}

static bool is_scheme_char(char c)
{
	return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* The length of a scheme that "://" follows, else 0. */
static size_t scheme_len(const char *s, size_t len)
{
	const char *end = memmem(s, len, "://", 3);

	if (!end || !is_letter(*s))
		return 0;
	for (const char *p = s; p < end; p++) {
		if (!is_scheme_char(*p))
			return 0;
	}
	return (size_t)(end - s);
}

static bool is_http(const char *s, size_t len)
{
	static const char name[] = "https";

	if (len != 4 && len != 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((s[i] | 0x20) != name[i])
			return false;
	}
	return true;
}

/* Path, query and fragment. */
static bool is_rest(const char *s, size_t len)
{
	const char *hash = len ? memchr(s, '#', len) : NULL;
	size_t head = hash ? (size_t)(hash - s) : len;

	return all_url_chars(s, head, ":@/?") &&
	       (!hash || all_url_chars(hash + 1, len - head - 1, ":@/?"));
}

/* Mirrors take the URL of the origin, password and all, as a path. */
static bool has_inner_user(const char *s, size_t len)
{
	const char *inner = memmem(s, len, "://", 3);

	return inner && memchr(inner, '@', len - (size_t)(inner - s));
}

static struct git_url parse(const char *s, size_t len)
{
	size_t scheme = scheme_len(s, len), start = scheme + 3, end = start;
	struct git_url suspicious = { .kind = GIT_URL_SUSPICIOUS };
	struct git_url url = { .kind = GIT_URL_OTHER };
	const char *at;
	size_t host = start;

	if (!scheme)
		return suspicious;
	while (end < len && s[end] != '/' && s[end] != '?' && s[end] != '#')
		end++;
	at = end > start ? memchr(s + start, '@', end - start) : NULL;
	if (at) {
		host = (size_t)(at - s) + 1;
		url = (struct git_url){ .kind = GIT_URL_USER,
					.is_http = is_http(s, scheme),
					.info_start = start,
					.info_end = host };
		if (memchr(s + start, ':', host - start))
			url.kind = GIT_URL_PASSWORD;
		if (!all_url_chars(s + start, host - 1 - start, ":"))
			return suspicious;
	}
	if (!is_host(s + host, end - host) || !is_rest(s + end, len - end) ||
	    has_inner_user(s + start, len - start))
		return suspicious;
	return url;
}

struct git_url git_url_parse(struct span text)
{
	/* Only what holds both can hide a user. */
	if (!text.p || !text.len || !memchr(text.p, '@', text.len) ||
	    !memmem(text.p, text.len, "://", 3))
		return (struct git_url){ .kind = GIT_URL_OTHER };
	return parse(text.p, text.len);
}
