// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_sensitive.c - the same path in another spelling is judged the same.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/snapshot/sensitive.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *path = xmemdup0(data, size);
	auto_free char *dotted = xasprintf("./x/..//%s", path);
	auto_free char *upper = xstrdup(path);
	auto_free char *hook = xasprintf("%s/.git/hooks/x", path);
	const char *reason = NULL;
	enum sensitivity s = sensitivity_of(path, &reason);

	INVARIANT(s < SENSITIVITY_COUNT);
	INVARIANT((s == SENSITIVITY_NONE) == !reason);
	INVARIANT(sensitivity_of(dotted, NULL) == s);
	for (char *c = upper; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	INVARIANT(sensitivity_of(upper, NULL) == s);
	INVARIANT(sensitivity_of(hook, NULL) == SENSITIVITY_AUTO_EXEC);
	return 0;
}
