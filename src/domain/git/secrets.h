/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets.h - does a git configuration hold secrets (chapter 20, section
 * 11.8)? Pure.
 */
#ifndef BBOX_DOMAIN_GIT_SECRETS_H
#define BBOX_DOMAIN_GIT_SECRETS_H

#include <stdbool.h>

#include "base/span.h"

/*
 * True for a [credential] section, with or without subsection, for a URL with
 * user and password as a value or as a subsection, and for what may hide one:
 * text with "://" and '@' that is no URL, be it a value, a subsection or a
 * line that git could not read. Comments do not count. Text of more than
 * GIT_CONFIG_SIZE_MAX bytes is not looked at: true.
 */
bool git_config_has_secrets(struct span text);

#endif /* BBOX_DOMAIN_GIT_SECRETS_H */
