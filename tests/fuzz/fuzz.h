/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what every fuzz target defines, and how it says that an invariant
 * does not hold.
 */
#ifndef BBOX_TESTS_FUZZ_FUZZ_H
#define BBOX_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() it is here to stay whatever NDEBUG says. */
#define INVARIANT(cond)                   \
	do {                              \
		if (!(cond))              \
			__builtin_trap(); \
	} while (0)

#endif /* BBOX_TESTS_FUZZ_FUZZ_H */
