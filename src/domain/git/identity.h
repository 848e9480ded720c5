/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - who the user is to git, and how URLs are rewritten: what a
 * ~/.gitconfig says (chapter 20, section 11.1). Pure.
 */
#ifndef BBOX_DOMAIN_GIT_IDENTITY_H
#define BBOX_DOMAIN_GIT_IDENTITY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

#define GIT_REWRITES_MAX ((size_t)1024)

/* [url "<base>"] insteadOf = <instead_of>, neither part empty. */
struct git_rewrite {
	char *base, *instead_of; /* owned */
};

struct git_identity {
	char *name, *email;	      /* owned; NULL when not set */
	struct git_rewrite *rewrites; /* owned, in the order of the file */
	size_t n;
};

#define GIT_IDENTITY_INIT ((struct git_identity){ .n = 0 })

void git_identity_release(struct git_identity *id);

/**
 * git_identity_parse() - read an identity
 * @text:	what ~/.gitconfig holds; nothing is included
 * @out:	set on success only; release with git_identity_release()
 * @err:	ERR_LIMIT for more than GIT_CONFIG_SIZE_MAX bytes or more than
 *		GIT_REWRITES_MAX rewrites
 *
 * Lines that git could not read are passed over. The values are as git reads
 * them and may hold control characters.
 */
must_check int git_identity_parse(struct span text, struct git_identity *out,
				  struct err *err);

/* Are both name and email there and not empty? */
bool git_identity_is_complete(const struct git_identity *id);

#define auto_git_identity cleanup_with(git_identity_release)

#endif /* BBOX_DOMAIN_GIT_IDENTITY_H */
