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

/* Never written without being asked; the guest's version stays for later. */
static int tell_conflict(const struct auto_reviewer *r,
			 const struct change *change, struct err *err)
{
	auto_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
	auto_free char *path = text_visible(change->path);
	auto_free char *more = describe_change(change);

	log_warn(r->config.log, "review: postponed '%s' (conflict)", path);
	if (buf_addf(&line, err,
		     "CONFLICT: %s%s: you changed it during the session, too. "
		     "Your version stays, the agent's is kept: decide with "
		     "'bbox recover', or run with --review.\n",
		     path, more) < 0)
		return -1;
	return tell(r, &line, err);
}

/* What is decided otherwise than by accepting it is told. */
static int decide(const struct auto_reviewer *r, struct change *change,
		  size_t *rejected, size_t *warned, struct err *err)
{
	const char *reason = NULL;
	enum sensitivity level = sensitivity_of_change(change, &reason);

	change->decision = CHANGE_ACCEPTED;
	if (level == SENSITIVITY_AUTO_EXEC) {
		change->decision = CHANGE_REJECTED;
		++*rejected;
	} else if (change->is_conflict) {
		change->decision = CHANGE_POSTPONED;
		return tell_conflict(r, change, err);
	} else if (level == SENSITIVITY_BUILD) {
		++*warned;
	} else {
		return 0;
	}
	return tell_special(r, change, level, reason, err);
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
		if (decide(r, &changes->v[i], &rejected, &warned, err) < 0)
			return -1;
	}
	log_info(r->config.log,
		 "review: %zu accepted, %zu rejected, %zu postponed",
		 change_list_accepted(changes), rejected,
		 change_list_postponed(changes));
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
