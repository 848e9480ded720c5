// SPDX-License-Identifier: Apache-2.0
/*
 * identity.c - who the user is to git, and how URLs are rewritten.
 */
#include "domain/git/identity.h"

#include "base/mem.h"
#include "domain/git/config.h"

void git_identity_release(struct git_identity *id)
{
	free(id->name);
	free(id->email);
	for (size_t i = 0; i < id->n; i++) {
		free(id->rewrites[i].base);
		free(id->rewrites[i].instead_of);
	}
	free(id->rewrites);
	*id = GIT_IDENTITY_INIT;
}

/* The last one counts. */
static void set(char **slot, const struct buf *value)
{
	free(*slot);
	*slot = xmemdup0(value->data, value->len);
}

static int add_rewrite(struct git_identity *id,
		       const struct git_config_parser *p, struct err *err)
{
	if (!p->subsection.len || !p->value.len)
		return 0;
	if (id->n == GIT_REWRITES_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu URL rewrites",
			       GIT_REWRITES_MAX);
	id->rewrites =
		xreallocarray(id->rewrites, id->n + 1, sizeof(*id->rewrites));
	id->rewrites[id->n++] = (struct git_rewrite){
		.base = xmemdup0(p->subsection.data, p->subsection.len),
		.instead_of = xmemdup0(p->value.data, p->value.len),
	};
	return 0;
}

static int on_entry(struct git_identity *id, const struct git_config_parser *p,
		    struct err *err)
{
	struct span section = buf_span(&p->section), key = buf_span(&p->key);

	if (span_equals(section, "url") && span_equals(key, "insteadof"))
		return add_rewrite(id, p, err);
	if (!span_equals(section, "user") || p->has_subsection)
		return 0;
	if (span_equals(key, "name"))
		set(&id->name, &p->value);
	else if (span_equals(key, "email"))
		set(&id->email, &p->value);
	return 0;
}

static int parse(struct git_config_parser *p, struct git_identity *id,
		 struct err *err)
{
	struct git_config_item item;
	struct err why = ERR_INIT;
	int r;

	while ((r = git_config_take(p, &item, &why))) {
		if (r < 0 && why.kind == ERR_LIMIT) {
			*err = why;
			return -1;
		}
		if (r < 0)
			git_config_skip_line(p);
		else if (item.kind == GIT_CONFIG_ENTRY && item.has_value &&
			 on_entry(id, p, err) < 0)
			return -1;
	}
	return 0;
}

int git_identity_parse(struct span text, struct git_identity *out,
		       struct err *err)
{
	struct git_identity id = GIT_IDENTITY_INIT;
	struct git_config_parser p;
	int r;

	git_config_parser_init(&p, text);
	r = parse(&p, &id, err);
	git_config_parser_release(&p);
	if (r < 0)
		git_identity_release(&id);
	else
		*out = id;
	return r;
}

bool git_identity_is_complete(const struct git_identity *id)
{
	return id->name && *id->name && id->email && *id->email;
}
