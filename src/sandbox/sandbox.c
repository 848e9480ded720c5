// SPDX-License-Identifier: Apache-2.0
/*
 * sandbox.c - the order of the steps of a session.
 *
 * Theory of operation
 *
 * Each step that takes something is a function that also gives it back:
 * boot and attach run inside with_snapshot(), and the snapshot is discarded
 * there on every path. Two rules outrank everything else:
 *
 *  - the snapshot is read only after vm_stop() has proven the VM dead; when it
 *    cannot, the snapshot is kept and nothing is written back;
 *  - a snapshot that holds accepted or postponed but unwritten changes is kept,
 *    and the caller is told where.
 */
#include "sandbox/sandbox.h"

#include <stdlib.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "sandbox/bring_back.h"

/* What a session has gathered before its workspace is opened. */
struct boot_parts {
	struct image image;
	struct kernel kernel;
	char *initramfs; /* owned */
	struct session_keys keys;
};

static void boot_parts_release(struct boot_parts *p)
{
	image_release(&p->image);
	kernel_release(&p->kernel);
	free(p->initramfs);
	session_keys_release(&p->keys);
}

void sandbox_result_release(struct sandbox_result *r)
{
	free(r->kept);
	*r = SANDBOX_RESULT_INIT;
}

static int gather(const struct sandbox_deps *deps,
		  const struct sandbox_request *req, struct boot_parts *out,
		  struct err *err)
{
	if (image_store_resolve(deps->images, req->image, deps->progress,
				&out->image, err) < 0)
		return err_wrap(err, "image '%s'", req->image);
	if (kernel_source_get(deps->kernels, deps->progress, &out->kernel,
			      err) < 0)
		return -1;
	if (initramfs_builder_build(deps->initramfs, &out->kernel,
				    &out->initramfs, err) < 0)
		return err_wrap(err, "initramfs");
	return session_runner_make_keys(deps->sessions, &out->keys, err);
}

/* A copy is the guest's to write to; of a lazy view it is the user's own. */
static struct vm_share share_of(const struct workspace_snapshot *snapshot,
				const struct exclude *exclude)
{
	assert(snapshot);
	switch (snapshot->view) {
	case WORKSPACE_VIEW_COPY:
		return (struct vm_share){ .tag = GUEST_WORKSPACE_TAG,
					  .path = snapshot->path,
					  .mode = VM_SHARE_RW };
	case WORKSPACE_VIEW_LAZY:
		return (struct vm_share){ .tag = GUEST_WORKSPACE_TAG,
					  .path = snapshot->original,
					  .mode = VM_SHARE_COW,
					  .state_dir = snapshot->path,
					  .exclude = exclude };
	case WORKSPACE_VIEW_COUNT:
		break;
	}
	abort(); /* a cloner that makes another kind is a bug */
}

static struct vm_share direct_share(const char *workspace)
{
	return (struct vm_share){ .tag = GUEST_WORKSPACE_TAG,
				  .path = workspace,
				  .mode = VM_SHARE_RW };
}

static int start_vm(const struct sandbox_deps *deps,
		    const struct sandbox_request *req,
		    const struct boot_parts *parts,
		    const struct workspace_snapshot *snapshot,
		    const char *git_objects, struct vm **out, struct err *err)
{
	const struct vm_share shares[] = {
		req->direct ? direct_share(req->workspace)
			    : share_of(snapshot, req->snapshot_exclude),
		{ .tag = GIT_VIEW_OBJECTS_TAG,
		  .path = git_objects,
		  .mount_at = GIT_VIEW_OBJECTS_AT,
		  .mode = VM_SHARE_RO },
	};
	const struct vm_config cfg = {
		.name = req->vm_name,
		.data_dir = req->data_dir,
		.image = &parts->image,
		.kernel = &parts->kernel,
		.initramfs_path = parts->initramfs,
		.cpus = req->cpus,
		.mem_mib = req->mem_mib,
		.tmp_mib = req->tmp_mib,
		.accel = req->accel,
		.hostname = req->hostname,
		.shares = shares,
		.share_count = git_objects ? 2 : 1,
		.env = req->env,
		.authorized_key = parts->keys.client_public,
		.host_key = parts->keys.host_private,
		.debug = req->debug,
	};

	progress_start(deps->progress, "Starting sandbox VM...");
	if (vm_config_check(&cfg, err) < 0 ||
	    vm_runner_start(deps->runner, &cfg, out, err) < 0) {
		progress_fail(deps->progress, "Failed to start VM");
		return err_wrap(err, "start VM");
	}
	progress_done(deps->progress, "Sandbox ready");
	return 0;
}

/* -1 when the VM may still be alive. */
static int stop_vm(const struct sandbox_deps *deps, struct vm *vm,
		   struct err *err)
{
	progress_start(deps->progress, "Shutting down VM...");
	if (vm_stop(vm, err) < 0) {
		progress_fail(deps->progress, "Failed to stop VM");
		return err_wrap(err, "stop VM");
	}
	progress_done(deps->progress, "VM stopped");
	return 0;
}

/*
 * Boots, runs the command, stops. *@vm_gone tells whether the shared
 * directory may be read.
 */
static int run_vm(const struct sandbox_deps *deps,
		  const struct sandbox_request *req,
		  const struct boot_parts *parts,
		  const struct workspace_snapshot *snapshot, bool *started,
		  bool *vm_gone, struct sandbox_result *out, struct err *err)
{
	const struct session_request session = { .command = req->command };
	auto_free char *git_objects = NULL;
	struct err stop_err = ERR_INIT;
	struct vm *vm = NULL;
	int r;

	*started = false;
	*vm_gone = true;
	if (snapshot && deps->git &&
	    git_view_prepare(deps->git, snapshot, &git_objects, err) < 0)
		return err_wrap(err, "prepare git");
	if (start_vm(deps, req, parts, snapshot, git_objects, &vm, err) < 0)
		return -1;
	*started = true;
	r = session_runner_attach(deps->sessions, vm, &parts->keys, &session,
				  &out->session, err);
	out->ended = r == 0;
	if (r < 0)
		log_warn(deps->log, "session: %s", err->msg);
	if (stop_vm(deps, vm, &stop_err) < 0) {
		*vm_gone = false;
		log_error(deps->log, "vm: %s", stop_err.msg);
		if (r == 0)
			*err = stop_err;
		r = -1;
	}
	vm_free(vm);
	return r;
}

/*
 * Diff, review, flush. *@unwritten tells whether accepted or postponed changes
 * exist only in the snapshot now.
 */
static int bring_all_back(const struct sandbox_deps *deps,
			  const struct sandbox_request *req,
			  const struct workspace_snapshot *snapshot,
			  bool *unwritten, struct err *err)
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	const struct bring_back back = {
		.differ = deps->differ,
		.reviewer = deps->reviewer,
		.flusher = deps->flusher,
		.git = deps->git,
		.progress = deps->progress,
	};

	*unwritten = true;
	if (bring_back_compute(&back, snapshot, req->diff_exclude, &changes,
			       err) < 0)
		return -1;
	return bring_back_changes(&back, snapshot, &changes, unwritten, err);
}

/* What a later start must know, should this one not come to its end. */
static int describe(const struct sandbox_deps *deps,
		    const struct sandbox_request *req,
		    const struct workspace_snapshot *snapshot, struct err *err)
{
	auto_free char *workspace = xstrdup(req->workspace);
	auto_free char *name = xstrdup(req->name);
	const struct session_note note = {
		.workspace = workspace,
		.name = name,
		.started_s = req->started_s,
		.snapshot_exclude = req->snapshot_exclude,
		.diff_exclude = req->diff_exclude,
	};

	return workspace_cloner_describe(deps->cloner, snapshot, &note, err);
}

static void end_snapshot(const struct sandbox_deps *deps,
			 struct workspace_snapshot *snapshot, bool keep,
			 struct sandbox_result *out)
{
	struct err err = ERR_INIT;

	if (keep) {
		out->kept = xstrdup(snapshot->path);
		out->recoverable = snapshot->view == WORKSPACE_VIEW_LAZY;
		workspace_cloner_keep(deps->cloner, snapshot);
		return;
	}
	/* What is left behind here, the next start's sweep finds. */
	if (workspace_cloner_discard(deps->cloner, snapshot, &err) < 0) {
		progress_warn(deps->progress, "Failed to clean up snapshot");
		log_warn(deps->log, "snapshot: %s", err.msg);
	}
}

static int with_snapshot(const struct sandbox_deps *deps,
			 const struct sandbox_request *req,
			 const struct boot_parts *parts,
			 struct workspace_snapshot *snapshot,
			 struct sandbox_result *out, struct err *err)
{
	bool started = false, vm_gone = true, unwritten = false;
	struct err back_err = ERR_INIT;
	int r;

	r = describe(deps, req, snapshot, err);
	if (r == 0)
		r = run_vm(deps, req, parts, snapshot, &started, &vm_gone, out,
			   err);
	if (!vm_gone) {
		unwritten = true;
	} else if (started && bring_all_back(deps, req, snapshot, &unwritten,
					     &back_err) < 0) {
		log_error(deps->log, "workspace: %s", back_err.msg);
		/* The session's own failure is the one to report. */
		if (r == 0)
			*err = back_err;
		else
			progress_warn(deps->progress, "%s", back_err.msg);
		r = -1;
	}
	end_snapshot(deps, snapshot, unwritten, out);
	return r;
}

/* What the guest has done is done: there is no snapshot. */
static int run_direct(const struct sandbox_deps *deps,
		      const struct sandbox_request *req,
		      const struct boot_parts *parts,
		      struct sandbox_result *out, struct err *err)
{
	bool started = false, vm_gone = true;

	return run_vm(deps, req, parts, /* snapshot */ NULL, &started, &vm_gone,
		      out, err);
}

int sandbox_run(const struct sandbox_deps *deps,
		const struct sandbox_request *req, struct sandbox_result *out,
		struct err *err)
{
	struct boot_parts parts = { .image = IMAGE_INIT,
				    .kernel = KERNEL_INIT,
				    .keys = SESSION_KEYS_INIT };
	struct workspace_snapshot *snapshot;
	int r;

	*out = SANDBOX_RESULT_INIT;
	r = gather(deps, req, &parts, err);
	if (r == 0 && req->direct) {
		r = run_direct(deps, req, &parts, out, err);
	} else if (r == 0) {
		progress_start(deps->progress,
			       "Creating workspace snapshot...");
		r = workspace_cloner_create(deps->cloner, req->workspace,
					    req->snapshot_exclude, &snapshot,
					    err);
		if (r < 0) {
			progress_fail(deps->progress,
				      "Failed to create snapshot");
			err_wrap(err, "creating workspace snapshot");
		} else {
			progress_done(deps->progress,
				      "Created workspace snapshot");
			r = with_snapshot(deps, req, &parts, snapshot, out,
					  err);
		}
	}
	boot_parts_release(&parts);
	return r;
}
