// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_session_note.c - what is taken for a description of a session is written
 * again as it was read.
 */
#include <string.h>

#include "domain/workspace/session_note.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { .p = data, .len = size };
	auto_session_note struct session_note n = SESSION_NOTE_INIT;
	auto_session_note struct session_note again = SESSION_NOTE_INIT;
	auto_buf struct buf out = BUF_INIT(SESSION_NOTE_MAX);

	if (session_note_parse(text, &n, ERR_IGNORE) < 0) {
		INVARIANT(!n.workspace && !n.snapshot_exclude);
		return 0;
	}
	INVARIANT(n.workspace[0] == '/' && !strstr(n.workspace, "/../"));
	INVARIANT(n.started_s >= 0);
	INVARIANT(session_note_write(&n, &out, ERR_IGNORE) == 0);
	INVARIANT(session_note_parse(buf_span(&out), &again, ERR_IGNORE) == 0);
	INVARIANT(!strcmp(n.workspace, again.workspace));
	INVARIANT(!strcmp(n.name, again.name));
	return 0;
}
