// SPDX-License-Identifier: Apache-2.0
/*
 * secrets.c - does a git configuration hold secrets?
 */
#include "domain/git/secrets.h"

#include "domain/git/config.h"
#include "domain/git/url.h"

static bool may_hide_password(struct span text)
{
	enum git_url_kind kind = git_url_parse(text).kind;

	return kind == GIT_URL_SUSPICIOUS || kind == GIT_URL_PASSWORD;
}

static bool is_secret(const struct git_config_parser *p,
		      const struct git_config_item *item)
{
	if (item->kind == GIT_CONFIG_SECTION)
		return span_equals(buf_span(&p->section), "credential") ||
		       may_hide_password(buf_span(&p->subsection));
	return item->kind == GIT_CONFIG_ENTRY &&
	       may_hide_password(buf_span(&p->value));
}

bool git_config_has_secrets(struct span text)
{
	struct git_config_parser p;
	struct git_config_item item;
	bool found = false;
	int r;

	if (text.len > GIT_CONFIG_SIZE_MAX)
		return true;
	git_config_parser_init(&p, text);
	/* What cannot be read is looked at as a whole: the reason is nothing.
	 */
	while (!found && (r = git_config_take(&p, &item, ERR_IGNORE)))
		found = r > 0 ? is_secret(&p, &item)
			      : may_hide_password(git_config_skip_line(&p));
	git_config_parser_release(&p);
	return found;
}
