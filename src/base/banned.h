/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned.h - functions that must not be used; the build puts this file in
 * front of every source.
 *
 * The system headers come first: a poisoned name may not even be declared
 * afterwards.
 */
#ifndef BBOX_BASE_BANNED_H
#define BBOX_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fortified libc makes macros of some; Clang warns of poisoning those. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison atoi atol atoll strtok tmpnam mktemp system popen

#endif /* BBOX_BASE_BANNED_H */
