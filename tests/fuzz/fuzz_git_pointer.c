// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_git_pointer.c - pointers stay where they may lead, and what is taken
 * for a reference or a HEAD is one.
 *
 * Input: a text, a NUL, another text.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/git/pointer.h"
#include "domain/git/refs.h"
#include "domain/git/url.h"
#include "domain/workspace/paths.h"
#include "fuzz/fuzz.h"

static void check_inside(const char *dir, const char *path)
{
	auto_free char *clean = path_clean(path);
	auto_free char *inside = git_path_inside("/a/ws", dir, path);

	INVARIANT(!inside || !*inside || path_is_plain(inside));
	/* Absolute paths are inside only when they say so. */
	if (*path == '/')
		INVARIANT(!!inside == !!path_below("/a/ws", clean));
}

static void check_pointer(struct span text, struct span second)
{
	auto_free char *path = NULL;
	auto_free char *common = NULL;
	auto_free char *gitdir = NULL;
	auto_free char *top = NULL;
	struct err err = ERR_INIT;

	if (git_pointer_parse(text, &path, &err) < 0)
		return;
	INVARIANT(*path && strlen(path) <= text.len);
	gitdir = git_path_resolve("/a/ws", path);
	check_inside("", path);
	discard(git_gitdir_is_worktree(gitdir));
	if (git_path_file_parse(second, "commondir", &common, &err) < 0)
		return;
	check_inside("x/y", common);
	discard(git_backlink_matches(gitdir, common, "/a/ws"));
	if (!git_main_dir(gitdir, common, &top, &err))
		INVARIANT(path_below(top, gitdir));
}

static bool has(struct span s, const char *part)
{
	return s.p && memmem(s.p, s.len, part, strlen(part));
}

/* What must not happen to a name that becomes a path below .git. */
static void check_name(struct span name)
{
	auto_free char *text = xmemdup0(name.p, name.len);
	struct err err = ERR_INIT;
	auto_free char *parked = NULL;

	if (!git_ref_name_is_valid(name))
		return;
	INVARIANT(strlen(text) == name.len && path_is_plain(text));
	INVARIANT(!has(name, "..") && !has(name, "\n") && !has(name, "/."));
	parked = git_ref_park_name("s", name, &err);
	INVARIANT(!parked || !git_ref_may_arrive(SPAN_STR(parked)));
}

static void check_refs(struct span text)
{
	struct git_head head;
	struct git_packed_ref ref;
	struct err err = ERR_INIT;

	if (!git_head_parse(text, &head, &err)) {
		INVARIANT(head.is_detached
				  ? git_oid_is_valid(head.target)
				  : git_ref_name_is_valid(head.target));
		check_name(head.target);
	}
	while (git_packed_refs_next(&text, &ref, &err) > 0) {
		INVARIANT(git_oid_is_valid(ref.oid));
		check_name(ref.name);
		INVARIANT(git_ref_decide(ref.oid, ref.oid, ref.name) ==
			  GIT_REF_TAKE);
	}
}

static void check_url(struct span text)
{
	struct git_url url = git_url_parse(text);
	const char *p = text.p;

	if (url.kind != GIT_URL_USER && url.kind != GIT_URL_PASSWORD)
		return;
	INVARIANT(url.info_start < url.info_end && url.info_end <= text.len);
	INVARIANT(p[url.info_end - 1] == '@' && p[url.info_start - 1] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { .p = data, .len = size }, first;

	if (span_take_until(&in, '\0', &first)) {
		check_pointer(first, in);
		check_refs(first);
		check_name(first);
		check_url(first);
	}
	return 0;
}
