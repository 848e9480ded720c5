// SPDX-License-Identifier: Apache-2.0
/*
 * bring_back.c - diff, review, flush.
 */
#include "sandbox/bring_back.h"

int bring_back_compute(const struct bring_back *b,
		       const struct workspace_snapshot *snapshot,
		       const struct exclude *exclude, struct change_list *out,
		       struct err *err)
{
	progress_start(b->progress, "Computing workspace changes...");
	if (workspace_differ_compute(b->differ, snapshot, exclude, out, err) <
	    0) {
		progress_fail(b->progress, "Failed to compute diff");
		return err_wrap(err, "computing diff");
	}
	if (b->git && git_view_judge(b->git, snapshot, out, err) < 0) {
		progress_fail(b->progress, "Failed to compute diff");
		return err_wrap(err, "computing diff");
	}
	if (out->n)
		progress_done(b->progress, "%zu file(s) changed", out->n);
	else
		progress_info(b->progress, "No workspace changes detected");
	return 0;
}

static int flush(const struct bring_back *b,
		 const struct workspace_snapshot *snapshot,
		 const struct change_list *changes, struct err *err)
{
	struct flush_report report = { .written = 0 };

	if (!change_list_accepted(changes)) {
		progress_warn(b->progress, "No changes accepted");
		return 0;
	}
	progress_start(b->progress, "Flushing accepted changes...");
	if (workspace_flusher_flush(b->flusher, snapshot, changes, &report,
				    err) < 0) {
		progress_fail(b->progress, "Failed to flush changes");
		return err_wrap(err, "flushing changes");
	}
	progress_done(b->progress, "Flushed %zu change(s)", report.written);
	return 0;
}

static int review_and_flush(const struct bring_back *b,
			    const struct workspace_snapshot *snapshot,
			    struct change_list *changes, struct err *err)
{
	if (!changes->n)
		return 0;
	if (workspace_reviewer_review(b->reviewer, snapshot, changes, err) < 0)
		return err_wrap(err, "reviewing changes");
	return flush(b, snapshot, changes, err);
}

int bring_back_changes(const struct bring_back *b,
		       const struct workspace_snapshot *snapshot,
		       struct change_list *changes, bool *unwritten,
		       struct err *err)
{
	/* Until the reviewer has decided, every change counts. */
	*unwritten = true;
	if (review_and_flush(b, snapshot, changes, err) < 0)
		return -1;
	/* Commits need not show in any change. */
	if (b->git && git_view_finish(b->git, snapshot, err) < 0)
		return -1;
	*unwritten = change_list_postponed(changes) > 0;
	return *unwritten ? workspace_differ_settle(b->differ, snapshot,
						    changes, err)
			  : 0;
}
