/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refs.h - names and values of references, and what becomes of one that a
 * guest moved. Pure.
 */
#ifndef BBOX_DOMAIN_GIT_REFS_H
#define BBOX_DOMAIN_GIT_REFS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

#define GIT_OID_HEX_MAX	 ((size_t)64)	/* SHA-256; 40 for SHA-1 */
#define GIT_REF_NAME_MAX ((size_t)1024) /* bytes */

/* 40 or 64 hexadecimal digits in lower case. */
bool git_oid_is_valid(struct span hex);

/*
 * What git-check-ref-format says, without its options; @name may be
 * "refs/heads/x" or just "a/b", never a single component.
 */
bool git_ref_name_is_valid(struct span name);

/*
 * May a reference that a guest made or moved reach the user's repository?
 * Branches, tags, notes, remote-tracking branches, and the stash. Not those
 * that change what git shows of other objects (refs/replace/), not those of
 * one work tree (refs/bisect/), and not our own (refs/bbox/).
 */
bool git_ref_may_arrive(struct span name);

/* What HEAD says; the text is at most GIT_REF_NAME_MAX bytes. */
struct git_head {
	bool is_detached;
	struct span target; /* borrowed: an object id, or "refs/..." */
};

must_check int git_head_parse(struct span text, struct git_head *out,
			      struct err *err);

/* One line of packed-refs. Borrowed from the text. */
struct git_packed_ref {
	struct span oid, name;
};

/**
 * git_packed_refs_next() - take one reference from the text of packed-refs
 * @rest:	moves forwards; comments and peeled values are passed over
 * @out:	set when there is one
 * @err:	ERR_INVALID for a line that is none, or a name that is not valid
 *
 * Return: 1 for a reference, 0 at the end, -1 on failure.
 */
must_check int git_packed_refs_next(struct span *rest,
				    struct git_packed_ref *out,
				    struct err *err);

enum git_ref_verdict {
	GIT_REF_LEAVE, /* zero: ours stays, there is nothing to tell */
	GIT_REF_TAKE,  /* theirs becomes ours; without theirs, ours goes */
	GIT_REF_PARK,  /* ours stays, theirs is kept under another name */
};

/**
 * git_ref_decide() - three-way rule for one reference
 * @before:	object id when the session began
 * @ours:	object id in the user's repository now
 * @theirs:	object id in the guest's view at its end
 *
 * An empty span stands for a reference that does not exist.
 */
enum git_ref_verdict git_ref_decide(struct span before, struct span ours,
				    struct span theirs);

/**
 * git_ref_park_name() - where theirs is kept: "refs/bbox/<session>/heads/x"
 * @session:	name of the session
 * @ref:	"refs/..." or one component, like HEAD
 *
 * Return: to be freed by the caller; NULL with ERR_INVALID when it would not
 * be a valid name.
 */
must_check char *git_ref_park_name(const char *session, struct span ref,
				   struct err *err);

#endif /* BBOX_DOMAIN_GIT_REFS_H */
