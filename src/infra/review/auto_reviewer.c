// SPDX-License-Identifier: Apache-2.0
/*
 * auto_reviewer.c - decide by the sensitivity of each path.
 */
#include "infra/review/auto_reviewer.h"

#include "base/mem.h"
#include "base/text.h"
#include "domain/snapshot/sensitive.h"
#include "infra/review/describe.h"
#include "infra/sys/fd.h"

/* A visible path may be four times as long as the path, bytes. */
#define LINE_MAX_BYTES ((size_t)32 * 1024)

struct auto_reviewer {
	struct workspace_reviewer base;
	struct auto_reviewer_config config;
};

static int tell(const struct auto_reviewer *r, const struct buf *line,
		struct err *err)
{
	return fd_write_all(r->config.out_fd, line->data, line->len, err);
}

static int tell_special(const struct auto_reviewer *r,
			const struct change *change, enum sensitivity level,
			const char *reason, struct err *err)
{
	auto_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
	auto_free char *path = text_visible(change->path);
	auto_free char *more = describe_change(change);
	bool rejected = level == SENSITIVITY_AUTO_EXEC;

	log_warn(r->config.log, "review: %s '%s' (%s: %s)",
		 rejected ? "rejected" : "accepted", path,
		 sensitivity_name(level), reason);
	if (buf_addf(&line, err, "%s: %s%s: %s%s\n",
		     rejected ? "REJECTED" : "WARNING", path, more, reason,
		     rejected ? " (run again with --review to decide yourself)"
			      : "") < 0)
		return -1;
	return tell(r, &line, err);
}

static int tell_totals(const struct auto_reviewer *r, size_t rejected,
		       size_t warned, struct err *err)
{
	auto_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);

	if (buf_addf(&line, err,
		     "%zu file(s) auto-rejected (security-sensitive), %zu "
		     "file(s) warned. Use --review to decide file by file.\n",
		     rejected, warned) < 0)
		return -1;
	return tell(r, &line, err);
}

static int auto_review(struct workspace_reviewer *base,
		       const struct workspace_snapshot *s unused,
		       struct change_list *changes, struct err *err)
{
	const struct auto_reviewer *r =
		container_of(base, struct auto_reviewer, base);
	size_t rejected = 0, warned = 0;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *change = &changes->v[i];
		const char *reason = NULL;
		enum sensitivity level = sensitivity_of_change(change, &reason);
		bool special = level != SENSITIVITY_NONE;

		change->decision = level == SENSITIVITY_AUTO_EXEC
					   ? CHANGE_REJECTED
					   : CHANGE_ACCEPTED;
		rejected += level == SENSITIVITY_AUTO_EXEC;
		warned += level == SENSITIVITY_BUILD;
		if (special && tell_special(r, change, level, reason, err) < 0)
			return -1;
	}
	log_info(r->config.log, "review: %zu accepted, %zu rejected",
		 changes->n - rejected, rejected);
	if (rejected || warned)
		return tell_totals(r, rejected, warned, err);
	return 0;
}

static const struct workspace_reviewer_ops auto_ops = {
	.review = auto_review,
};

struct workspace_reviewer *
auto_reviewer_new(const struct auto_reviewer_config *config)
{
	struct auto_reviewer *r = xcalloc(1, sizeof(*r));

	r->base.ops = &auto_ops;
	r->config = *config;
	return &r->base;
}

void auto_reviewer_free(struct workspace_reviewer *base)
{
	if (base)
		free(container_of(base, struct auto_reviewer, base));
}
