/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.h - the default wiring: every port of the sandbox with the adapter
 * that ships with bbox.
 */
#ifndef BBOX_RUNTIME_RUNTIME_H
#define BBOX_RUNTIME_RUNTIME_H

#include <stdbool.h>

#include "base/span.h"
#include "infra/oci/store.h"
#include "infra/sys/xdg.h"
#include "sandbox/recover.h"
#include "sandbox/sandbox.h"
#include "sandbox/undo.h"

/* All pointers are borrowed and must outlive the runtime. */
struct runtime_config {
	const struct xdg_dirs *dirs;
	struct log *log;
	enum workspace_view view; /* how the guest's view is made */
	bool reflink_only;	  /* of a copy: share blocks or fail */
	bool review;		  /* ask for each change */
	bool timings;		  /* see runtime_print_timings() */
	bool never_fetch;	  /* a kernel that is not cached is an error */
	struct span init;	  /* the bytes of bbox-init */
	const char *init_id;	  /* changes whenever they do */
	const struct oci_recipe *recipes;
	size_t recipe_count;
};

struct runtime;

/* Signals are caught from here on: SIGINT and SIGTERM cancel. */
must_check int runtime_new(const struct runtime_config *cfg,
			   struct runtime **out, struct err *err);
void runtime_free(struct runtime *rt);

const struct sandbox_deps *runtime_deps(struct runtime *rt);

/* Of a runtime whose view is WORKSPACE_VIEW_LAZY. */
struct recover_deps runtime_recover_deps(struct runtime *rt);
struct undo_deps runtime_undo_deps(struct runtime *rt);

/*
 * Removes what dead sessions left behind; failures are logged. Returns how
 * many sessions there are whose changes were not written back.
 */
size_t runtime_sweep(struct runtime *rt);

/* Phase table on standard error, if there is anything to tell. */
void runtime_print_timings(struct runtime *rt);

/* The value of a host variable, NULL when unset or empty. */
const char *runtime_env(const char *name);

#endif /* BBOX_RUNTIME_RUNTIME_H */
