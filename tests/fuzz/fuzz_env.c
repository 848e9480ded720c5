// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_env.c - a quoted word stays one word: outside of quotes there is
 * nothing but \' and undoing the quotes gives the word back.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/agent/env.h"
#include "fuzz/fuzz.h"

/* What a POSIX shell makes of @quoted; NULL if it does anything but quote. */
static char *unquote(const char *quoted)
{
	auto_free char *out = xcalloc(1, strlen(quoted) + 1);
	size_t n = 0;

	while (*quoted) {
		if (*quoted == '\'') {
			for (quoted++; *quoted != '\''; quoted++) {
				if (!*quoted)
					return NULL;
				out[n++] = *quoted;
			}
			quoted++;
		} else if (quoted[0] == '\\' && quoted[1] == '\'') {
			out[n++] = '\'';
			quoted += 2;
		} else {
			return NULL;
		}
	}
	return take_ptr(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *word = xmemdup0(data, size);
	auto_buf struct buf out = BUF_INIT(ENV_TEXT_MAX);
	auto_free char *again = NULL;
	struct env_map *m = env_map_new();
	const char *const entries[] = { word, NULL };
	const char *const patterns[] = { word, "A*", "_*", NULL };
	struct err err = ERR_INIT;

	if (shell_quote(&out, word, &err) == 0) {
		again = unquote(out.data);
		INVARIANT(again && !strcmp(again, word));
	}
	buf_reset(&out);
	env_map_forward(m, entries, patterns);
	/* Only what a shell can export gets in, as a line of its own. */
	INVARIANT(env_map_render(m, &out, &err) < 0 || !out.len ||
		  (!strncmp(out.data, "export ", 7) && strchr(word, '=') &&
		   out.data[out.len - 1] == '\n'));
	env_map_free(m);
	return 0;
}
