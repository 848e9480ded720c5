/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - what a coding agent is: its image, its command and what it may
 * see of the host's environment (chapter 10, section 7).
 */
#ifndef BBOX_DOMAIN_AGENT_AGENT_H
#define BBOX_DOMAIN_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct agent {
	const char *name;
	const char *image;		 /* reference in the local store */
	const char *const *command;	 /* NULL-terminated */
	const char *const *env_patterns; /* NULL-terminated */
	uint32_t cpus;
	uint32_t mem_mib;
	uint32_t tmp_mib;
	uint32_t heap_percent; /* NODE_OPTIONS --max-old-space-size; 0 none */
	uint32_t gc_percent;   /* GOMEMLIMIT; 0 none */
};

/* The built-in agents, ordered by name. */
extern const struct agent agents_builtin[];
extern const size_t agents_builtin_count;

/* NULL when there is none of that name. */
const struct agent *agent_find(const char *name);

/* 1-64 bytes of [A-Za-z0-9][A-Za-z0-9_-]*; else ERR_INVALID "invalid agent
 * name". */
must_check int agent_name_check(const char *name, struct err *err);

/* Chapter 30, section 2.1: the name that run-image derives; caller frees. */
must_check char *agent_name_from_image(const char *ref);

#endif /* BBOX_DOMAIN_AGENT_AGENT_H */
