// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_git_config.c - pieces cover the text, and what is left of a
 * configuration runs nothing, hides nothing, and cannot be cleaned further.
 */
#include <string.h>

#include "base/buf.h"
#include "domain/git/config.h"
#include "domain/git/identity.h"
#include "domain/git/sanitise.h"
#include "domain/git/secrets.h"
#include "fuzz/fuzz.h"

#define OUT_MAX ((size_t)8 * 1024 * 1024)

/* Written once more, so that a slip in the tables of the filter is seen. */
static const char sections[] =
	" core remote branch user merge diff fetch push submodule color log "
	"rerere rebase tag pack gc status advice init extensions ";
static const char keys[] =
	" core.sshcommand core.pager core.editor core.fsmonitor core.askpass "
	"core.alternaterefscommand core.hookspath core.gitproxy core.worktree "
	"remote.uploadpack remote.receivepack remote.vcs remote.proxy "
	"merge.driver diff.external diff.driver diff.textconv diff.command "
	"submodule.update gc.recentobjectshook init.templatedir "
	"extensions.worktreeconfig user.signingkey ";

static bool listed(const char *list, const char *section, const char *key)
{
	auto_buf struct buf word = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	INVARIANT(!buf_addf(&word, &err, " %s%s%s ", section, key ? "." : "",
			    key ? key : ""));
	return strstr(list, word.data) != NULL;
}

/* Returns whether git could read it; @clean also asks what is in it. */
static bool walk(struct span text, bool clean)
{
	auto_git_config_parser struct git_config_parser p;
	struct git_config_item item;
	struct err err = ERR_INIT;
	size_t end;
	int r;

	git_config_parser_init(&p, text);
	end = p.pos;
	while ((r = git_config_take(&p, &item, &err)) > 0) {
		INVARIANT(item.start == end && item.end > item.start);
		end = item.end;
		INVARIANT(!clean || p.section.len ||
			  item.kind == GIT_CONFIG_BLANK);
		if (item.kind != GIT_CONFIG_ENTRY)
			continue;
		INVARIANT(!item.has_value || (item.equals < item.value_start &&
					      item.value_start <= item.end));
		INVARIANT(!clean || listed(sections, p.section.data, NULL));
		INVARIANT(!clean || !listed(keys, p.section.data, p.key.data));
	}
	INVARIANT(r < 0 || end == text.len);
	return r == 0;
}

static void check_lenient(struct span text)
{
	auto_git_identity struct git_identity id = GIT_IDENTITY_INIT;
	struct err err = ERR_INIT;

	if (git_identity_parse(text, &id, &err) < 0)
		INVARIANT(err.kind == ERR_LIMIT);
	discard(git_config_has_secrets(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf out = BUF_INIT(OUT_MAX), again = BUF_INIT(OUT_MAX);
	struct span text = { .p = data, .len = size };
	struct err err = ERR_INIT;
	bool readable = walk(text, /* clean */ false);

	check_lenient(text);
	if (git_config_sanitise(text, &out, &err) < 0) {
		/* A lone CR that becomes LF may be what was in the way. */
		INVARIANT(out.len == 0);
		INVARIANT(!readable || memchr(data, '\r', size));
		return 0;
	}
	INVARIANT(walk(buf_span(&out), /* clean */ true));
	INVARIANT(!git_config_has_secrets(buf_span(&out)));
	INVARIANT(!git_config_sanitise(buf_span(&out), &again, &err));
	INVARIANT(again.len == out.len &&
		  !memcmp(again.data, out.data, out.len));
	return 0;
}
