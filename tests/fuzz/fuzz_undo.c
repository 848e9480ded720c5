// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_undo.c - what is taken for a manifest leads nowhere outside, comes back
 * when it is written again, and its changes are whole.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"
#include "domain/workspace/undo.h"
#include "fuzz/fuzz.h"

static void check_again(const struct undo_manifest *m, size_t size)
{
	auto_undo_manifest struct undo_manifest again = UNDO_MANIFEST_INIT;
	auto_buf struct buf text = BUF_INIT(2 * size + 4096);

	INVARIANT(undo_add_head(&text, &m->head, ERR_IGNORE) == 0);
	for (size_t i = 0; i < m->n; i++)
		INVARIANT(undo_add_entry(&text, &m->v[i], ERR_IGNORE) == 0);
	INVARIANT(undo_parse(buf_span(&text), &again, ERR_IGNORE) == 0);
	INVARIANT(again.n == m->n);
	for (size_t i = 0; i < m->n; i++)
		INVARIANT(!strcmp(again.v[i].path, m->v[i].path));
}

static void check_changes(const struct undo_manifest *m)
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	auto_strv struct strv lost = STRV_INIT;

	undo_changes(m, &changes, &lost);
	INVARIANT(changes.n + lost.n <= m->n);
	for (size_t i = 0; i < changes.n; i++) {
		const struct change *c = &changes.v[i];

		INVARIANT(path_is_plain(c->path));
		INVARIANT(!i || strcmp(changes.v[i - 1].path, c->path) < 0);
		INVARIANT(c->base_known || c->kind == CHANGE_ADDED);
		INVARIANT(!c->source || path_is_plain(c->source));
		if (c->kind == CHANGE_DELETED)
			continue;
		INVARIANT((c->type == CHANGE_SYMLINK) == !!c->target);
		INVARIANT(c->type != CHANGE_FILE || c->source ||
			  !strcmp(c->hash, c->base_hash));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { .p = data, .len = size };
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;

	if (undo_parse(text, &m, ERR_IGNORE) < 0)
		return 0;
	check_again(&m, size);
	check_changes(&m);
	return 0;
}
