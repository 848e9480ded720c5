/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sanitise.h - the part of a repository's configuration that a guest may see
 * (chapter 20, section 11.7). Pure.
 */
#ifndef BBOX_DOMAIN_GIT_SANITISE_H
#define BBOX_DOMAIN_GIT_SANITISE_H

#include "base/buf.h"

/**
 * git_config_sanitise() - copy a configuration without secrets and commands
 * @text:	borrowed for the call
 * @out:	appended to on success only
 * @err:	ERR_INVALID with the line for text that is not git's grammar,
 *		ERR_LIMIT for more than GIT_CONFIG_SIZE_MAX bytes or a full @out
 *
 * Text that git could not read is refused as a whole: to leave something out
 * one has to know where it ends. The caller must not show the original then.
 *
 * What stays is copied byte by byte, but that line ends become LF and that a
 * line with a remote's URL has one space behind its '='.
 *
 * Stricter than the table of section 11.7:
 *  - more keys that run programs or lead out of the repository are left out;
 *  - `extensions` stays without `worktreeConfig`, which would have git read a
 *    file that nobody has cleaned;
 *  - URLs lose their password wherever they stand, branch.*.remote included,
 *    and http URLs a lone user, too;
 *  - a value that may hide a password, a comment that holds "://" and '@',
 *    and a section whose subsection is such a URL are left out.
 */
must_check int git_config_sanitise(struct span text, struct buf *out,
				   struct err *err);

#endif /* BBOX_DOMAIN_GIT_SANITISE_H */
