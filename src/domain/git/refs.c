// SPDX-License-Identifier: Apache-2.0
/*
 * refs.c - names and values of references, and what becomes of one that a
 * guest moved.
 */
#include "domain/git/refs.h"

#include <string.h>

#include "base/mem.h"

#define REFS "refs/"
#define LOCK ".lock"

static bool starts_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && !memcmp(s.p, prefix, len);
}

static bool ends_with(struct span s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len &&
	       !memcmp((const char *)s.p + s.len - len, suffix, len);
}

static struct span trim_end(struct span s)
{
	const char *p = s.p;

	while (s.len && p[s.len - 1] && strchr(" \t\r\n", p[s.len - 1]))
		s.len--;
	return s;
}

bool git_oid_is_valid(struct span hex)
{
	const char *p = hex.p;

	if (hex.len != 40 && hex.len != GIT_OID_HEX_MAX)
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') ||
		      (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	}
	return true;
}

static bool is_component(struct span name)
{
	const char *p = name.p;
	char last = '\0';

	if (!name.len || p[0] == '.' || ends_with(name, LOCK))
		return false;
	for (size_t i = 0; i < name.len; last = p[i++]) {
		unsigned char c = (unsigned char)p[i];

		/* strchr() finds the NUL, too. */
		if (c < ' ' || c == 0x7f || strchr(" ~^:?*[\\", c))
			return false;
		if ((last == '.' && c == '.') || (last == '@' && c == '{'))
			return false;
	}
	return true;
}

bool git_ref_name_is_valid(struct span name)
{
	struct span rest = name, part;
	size_t parts = 0;

	if (!name.len || name.len > GIT_REF_NAME_MAX || ends_with(name, "/") ||
	    ends_with(name, "."))
		return false;
	for (; span_take_until(&rest, '/', &part); parts++) {
		if (!is_component(part))
			return false;
	}
	return parts > 1;
}

bool git_ref_may_arrive(struct span name)
{
	static const char *const kinds[] = { "refs/heads/", "refs/tags/",
					     "refs/notes/", "refs/remotes/" };

	if (!git_ref_name_is_valid(name))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (starts_with(name, kinds[i]))
			return true;
	}
	return span_equals(name, "refs/stash");
}

int git_head_parse(struct span text, struct git_head *out, struct err *err)
{
	static const char symbolic[] = "ref:";
	struct git_head head = { .target = trim_end(text) };
	const char *p;

	if (head.target.len > GIT_REF_NAME_MAX)
		return err_set(err, ERR_LIMIT, "HEAD has more than %zu bytes",
			       GIT_REF_NAME_MAX);
	if (!starts_with(head.target, symbolic)) {
		head.is_detached = true;
		if (!git_oid_is_valid(head.target))
			return err_set(err, ERR_INVALID, "malformed HEAD");
		*out = head;
		return 0;
	}
	discard(span_skip(&head.target, strlen(symbolic)));
	for (p = head.target.p; head.target.len && (*p == ' ' || *p == '\t');
	     p++)
		discard(span_skip(&head.target, 1));
	if (!starts_with(head.target, REFS) ||
	    !git_ref_name_is_valid(head.target))
		return err_set(err, ERR_INVALID, "malformed HEAD");
	*out = head;
	return 0;
}

int git_packed_refs_next(struct span *rest, struct git_packed_ref *out,
			 struct err *err)
{
	struct git_packed_ref ref;
	struct span line;

	do {
		if (!span_take_until(rest, '\n', &line))
			return 0;
		/* "# pack-refs with:", and "^" with what a tag points to. */
	} while (starts_with(line, "#") || starts_with(line, "^"));
	line = trim_end(line);
	if (!span_take_until(&line, ' ', &ref.oid) ||
	    !git_oid_is_valid(ref.oid) || !starts_with(line, REFS) ||
	    !git_ref_name_is_valid(line))
		return err_set(err, ERR_INVALID, "malformed packed-refs");
	ref.name = line;
	*out = ref;
	return 1;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

enum git_ref_verdict git_ref_decide(struct span before, struct span ours,
				    struct span theirs)
{
	if (same(theirs, before) || same(theirs, ours))
		return GIT_REF_LEAVE;
	if (same(ours, before))
		return GIT_REF_TAKE;
	/* They deleted what we moved: ours stays, and nothing is to be kept. */
	return theirs.len ? GIT_REF_PARK : GIT_REF_LEAVE;
}

char *git_ref_park_name(const char *session, struct span ref, struct err *err)
{
	struct span rest = ref;
	auto_free char *tail = NULL;
	auto_free char *name = NULL;

	if (starts_with(ref, REFS))
		discard(span_skip(&rest, strlen(REFS)));
	tail = xmemdup0(rest.p, rest.len);
	name = xasprintf(REFS "bbox/%s/%s", session, tail);
	/* A NUL in @ref ends the text early; a '/' in @session adds a part. */
	if (strlen(tail) != rest.len || strchr(session, '/') ||
	    !git_ref_name_is_valid(SPAN_STR(name))) {
		err_set(err, ERR_INVALID, "no reference can be named '%s'",
			name);
		return NULL;
	}
	return take_ptr(name);
}
