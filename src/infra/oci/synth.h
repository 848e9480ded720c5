/* SPDX-License-Identifier: Apache-2.0 */
/*
 * synth.h - a layer made of single entries instead of a tar stream.
 *
 * Its diff id is that of the tar stream that would have the same entries;
 * that stream is only hashed.
 */
#ifndef BBOX_INFRA_OCI_SYNTH_H
#define BBOX_INFRA_OCI_SYNTH_H

#include "base/err.h"
#include "infra/oci/layer.h"

struct synth;

/* @l: borrowed; must get its entries from here alone. */
must_check int synth_new(struct layer *l, struct synth **out, struct err *err);
void synth_free(struct synth *s);

static inline void synth_free_ptr(struct synth **s)
{
	synth_free(*s);
}
#define auto_synth cleanup_with(synth_free_ptr)

/* Directories, symlinks, and files, whose contents must follow at once. */
must_check int synth_add(struct synth *s, const struct layer_entry *entry,
			 struct err *err);
must_check int synth_write(struct synth *s, const void *p, size_t len,
			   struct err *err);
must_check int synth_end_file(struct synth *s, struct err *err);

/* The end of the archive; layer_publish() may follow. */
must_check int synth_finish(struct synth *s, struct err *err);

#endif /* BBOX_INFRA_OCI_SYNTH_H */
