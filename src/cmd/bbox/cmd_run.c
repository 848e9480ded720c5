// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_run.c - `bbox <agent>` and `bbox run-image`: from the words of the
 * command line to a session and its exit code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/embed.h"
#include "cmd/bbox/exit_hint.h"
#include "cmd/bbox/run_options.h"
#include "cmd/bbox/session_env.h"
#include "domain/agent/agent.h"
#include "domain/agent/env.h"
#include "domain/workspace/paths.h"
#include "infra/logging/logging.h"
#include "infra/process/session_dir.h"
#include "infra/sys/fs.h"
#include "infra/workspace/direct_ack.h"
#include "infra/workspace/kept_views.h"
#include "runtime/runtime.h"

#define COMMAND_MAX ((size_t)1024 * 1024) /* bytes */
#define HELP_MAX    ((size_t)64 * 1024)	  /* bytes */

/* run-image, where nobody asked for anything else (chapter 10, 2.4). */
#define DEFAULT_CPUS	2
#define DEFAULT_MEM_MIB 4096
#define DEFAULT_TMP_MIB 2048

/* One session, as the command line describes it. */
struct plan {
	struct run_options options;
	const struct agent *agent; /* NULL for run-image */
	char *name;		   /* owned; of the agent */
	char *image;		   /* owned */
	struct strv words;	   /* what runs in the guest */
	char *workspace;	   /* owned; real path */
	struct exclude *snapshot_exclude, *diff_exclude;
	struct xdg_dirs dirs;
	char session_id[SESSION_ID_SIZE];
};

#define PLAN_INIT ((struct plan){ .options = RUN_OPTIONS_INIT })

static void plan_release(struct plan *p)
{
	run_options_release(&p->options);
	free(p->name);
	free(p->image);
	strv_release(&p->words);
	free(p->workspace);
	exclude_free(p->diff_exclude);
	exclude_free(p->snapshot_exclude);
	xdg_dirs_release(&p->dirs);
	*p = PLAN_INIT;
}

static int print_run_help(const char *usage, const char *example,
			  const struct option *table, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(HELP_MAX);

	if (buf_addf(&text, err, "Usage:\n  bbox %s\n\nFlags:\n", usage) < 0 ||
	    options_help(table, &text, err) < 0 ||
	    buf_addf(&text, err, "\nExample:\n  bbox %s\n", example) < 0)
		return -1;
	return command_print(text.data, err);
}

/* Sharing everything the user has is never what was meant. */
static int check_workspace(const struct plan *p, struct err *err)
{
	auto_free char *home = NULL;
	struct stat st;

	if (stat(p->workspace, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "workspace '%s' is not a directory",
			       p->workspace);
	if (access(p->workspace, R_OK | X_OK) < 0)
		return err_set(err, ERR_PERMISSION,
			       "workspace '%s' is not readable; check its "
			       "permissions",
			       p->workspace);
	if (fs_real_path(p->dirs.home, &home, ERR_IGNORE) < 0)
		home = xstrdup(p->dirs.home);
	if (!strcmp(p->workspace, "/") || !strcmp(p->workspace, home))
		return err_set(err, ERR_USAGE,
			       "workspace '%s' is %s; give a project "
			       "directory with --workspace",
			       p->workspace,
			       p->workspace[1] ? "your home directory"
					       : "the root of the system");
	return 0;
}

static int find_workspace(struct plan *p, struct err *err)
{
	const char *given = p->options.workspace ? p->options.workspace : ".";

	if (fs_real_path(given, &p->workspace, err) < 0)
		return err_wrap(err, "workspace '%s'", given);
	return check_workspace(p, err);
}

/* The agent must not change what bbox trusts: images, keys, other sessions. */
static int check_own_files(const struct plan *p, struct err *err)
{
	const char *const dirs[] = { p->dirs.config, p->dirs.state,
				     p->dirs.cache };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *dir = NULL;

		/* One that is not there yet will be. */
		if (fs_real_path(dirs[i], &dir, ERR_IGNORE) < 0)
			dir = path_clean(dirs[i]);
		if (path_below(p->workspace, dir) ||
		    path_below(dir, p->workspace))
			return err_set(err, ERR_USAGE,
				       "workspace '%s' cannot be used in "
				       "direct mode: bbox keeps its own files "
				       "in '%s'",
				       p->workspace, dir);
	}
	return 0;
}

static int acknowledge(const struct plan *p, struct err *err)
{
	struct err ack_err = ERR_INIT;
	bool known = false;
	int r = direct_ack_find(p->dirs.state, &known, &ack_err);

	if (known)
		return 0;
	if (!p->options.yes)
		return err_set(err, ERR_USAGE,
			       "direct mode requires --yes once%s%s: the agent "
			       "changes '%s' itself, and nothing can be undone "
			       "(later runs will not need --yes)",
			       r < 0 ? ", " : "", r < 0 ? ack_err.msg : "",
			       p->workspace);
	if (r < 0 || direct_ack_store(p->dirs.state, &ack_err) < 0)
		fprintf(stderr, "Warning: --yes will be needed again: %s\n",
			ack_err.msg);
	return 0;
}

static int enter_direct_mode(const struct plan *p, struct err *err)
{
	auto_free char *shown = text_visible(p->workspace);

	if (check_own_files(p, err) < 0 || acknowledge(p, err) < 0)
		return -1;
	fprintf(stderr,
		"! Direct mode: the agent changes '%s' itself, files with "
		"secrets included; there is no snapshot, no review and no "
		"undo\n",
		shown);
	return 0;
}

static int check_options(const struct plan *p, struct err *err)
{
	if (p->options.direct && p->options.review)
		return err_set(err, ERR_USAGE,
			       "--review has no effect in direct mode");
	if (p->options.direct && p->options.exclude.n)
		return err_set(err, ERR_USAGE,
			       "--exclude applies to snapshot mode only, in "
			       "direct mode nothing is hidden");
	return 0;
}

/* Adds an ignore file of the workspace's root to a matcher, if there is one. */
static int add_ignore_file(const struct plan *p, const char *name,
			   struct exclude *to, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", p->workspace, name);
	auto_buf struct buf text = BUF_INIT(EXCLUDE_FILE_MAX);
	struct err read_err = ERR_INIT;

	if (fs_read_file(path, &text, &read_err) < 0) {
		if (read_err.kind == ERR_NOT_FOUND)
			return 0;
		*err = read_err;
		return -1;
	}
	return exclude_add_file(to, buf_span(&text), err);
}

static int add_patterns(const struct plan *p, struct exclude *to,
			struct err *err)
{
	if (add_ignore_file(p, EXCLUDE_FILE, to, err) < 0)
		return err_wrap(err, "loading exclude config");
	for (size_t i = 0; i < p->options.exclude.n; i++) {
		if (exclude_add_pattern(to, p->options.exclude.v[i], err) < 0)
			return err_wrap(err, "--exclude");
	}
	return 0;
}

/* They were meant to show the guest a secret; better said than wondered. */
static void warn_of_dropped(const struct exclude *x)
{
	for (const char *const *line = exclude_dropped(x); *line; line++)
		fprintf(stderr,
			"Warning: " EXCLUDE_FILE ": '%s' has no effect, "
			"security patterns cannot be negated\n",
			*line);
}

static int load_excludes(struct plan *p, struct err *err)
{
	struct err gitignore_err = ERR_INIT;

	p->snapshot_exclude = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	p->diff_exclude = exclude_new(EXCLUDE_FOR_DIFF);
	if (add_patterns(p, p->snapshot_exclude, err) < 0 ||
	    add_patterns(p, p->diff_exclude, err) < 0)
		return -1;
	warn_of_dropped(p->snapshot_exclude);
	if (add_ignore_file(p, ".gitignore", p->diff_exclude, &gitignore_err) <
	    0)
		fprintf(stderr, "Warning: %s, ignoring\n", gitignore_err.msg);
	exclude_also(p->diff_exclude, p->snapshot_exclude);
	return 0;
}

/* What stands between the options and a session; nothing is written yet. */
static int complete(struct plan *p, struct err *err)
{
	const char *accel = runtime_env("BBOX_ACCEL");

	if (check_options(p, err) < 0)
		return -1;
	if (p->options.accel == VM_ACCEL_AUTO && accel &&
	    vm_accel_parse(accel, &p->options.accel, err) < 0)
		return err_wrap(err, "BBOX_ACCEL");
	if (xdg_dirs_find(&p->dirs, err) < 0 ||
	    session_id_make(p->session_id, err) < 0 ||
	    find_workspace(p, err) < 0)
		return -1;
	return p->options.direct ? enter_direct_mode(p, err)
				 : load_excludes(p, err);
}

static uint32_t first_of(uint32_t given, uint32_t agents, uint32_t fallback)
{
	return given ? given : agents ? agents : fallback;
}

static uint32_t memory_of(const struct plan *p)
{
	return first_of(p->options.mem_mib, p->agent ? p->agent->mem_mib : 0,
			DEFAULT_MEM_MIB);
}

static int render_env(const struct plan *p, struct buf *out, struct err *err)
{
	const struct session_env e = {
		.agent_name = p->name,
		.agent = p->agent,
		.session_id = p->session_id,
		.mem_mib = memory_of(p),
		.user = &p->options.env,
		.host_env = (const char *const *)environ,
	};

	return session_env_render(&e, out, err);
}

/* Sessions that died, or whose user wanted to decide later. */
static void tell_kept(size_t n)
{
	if (n)
		fprintf(stderr,
			"%zu session(s) ended before their changes were "
			"written: run 'bbox recover'\n",
			n);
}

/* Tells the user what a session that is over leaves him with. */
static void report(const struct sandbox_result *result)
{
	const char *hint = result->ended ? exit_hint(&result->session) : NULL;
	const char *id;

	if (hint)
		fprintf(stderr, "\nSession ended unexpectedly: %s\n", hint);
	if (result->kept)
		fprintf(stderr,
			"Changes that were not written back are kept in %s\n",
			result->kept);
	id = result->recoverable ? kept_views_id(result->kept) : NULL;
	if (id)
		fprintf(stderr, "'bbox recover %s --apply' brings them back\n",
			id);
}

static int run_in(const struct plan *p, struct runtime *rt,
		  const struct session_dir *dir, const char *vm_name,
		  struct err *err)
{
	auto_buf struct buf command = BUF_INIT(COMMAND_MAX);
	auto_buf struct buf env = BUF_INIT(ENV_TEXT_MAX);
	struct sandbox_result result = SANDBOX_RESULT_INIT;
	int code;

	if (session_command(strv_list(&p->words), &command, err) < 0 ||
	    render_env(p, &env, err) < 0)
		return -1;

	const struct sandbox_request req = {
		.vm_name = vm_name,
		.data_dir = dir->data_dir,
		.image = p->image,
		.workspace = p->workspace,
		.direct = p->options.direct,
		.command = command.data,
		.env = env.data,
		.hostname = "sandbox",
		.name = p->name,
		.started_s = time(NULL),
		.snapshot_exclude = p->snapshot_exclude,
		.diff_exclude = p->diff_exclude,
		.cpus = first_of(p->options.cpus, p->agent ? p->agent->cpus : 0,
				 DEFAULT_CPUS),
		.mem_mib = memory_of(p),
		.tmp_mib = p->agent ? p->agent->tmp_mib : DEFAULT_TMP_MIB,
		.accel = p->options.accel,
		.debug = p->options.debug,
	};

	code = sandbox_run(runtime_deps(rt), &req, &result, err);
	report(&result);
	/* A failed agent's code outranks what went wrong after it. */
	if (result.ended && (code == 0 || result.session.exit_code != 0)) {
		if (code < 0) {
			auto_free char *shown = text_visible(err->msg);

			fprintf(stderr, "Error: %s\n", shown);
		}
		code = result.session.exit_code;
	}
	sandbox_result_release(&result);
	return code;
}

static int with_runtime(const struct plan *p, struct session_dir *dir,
			const char *vm_name, struct log *log, struct err *err)
{
	struct runtime_config cfg = {
		.dirs = &p->dirs,
		.log = log,
		.view = p->options.view,
		.reflink_only = p->options.reflink_only,
		.review = p->options.review,
		.timings = p->options.timings,
		.never_fetch = p->options.no_firmware_download,
	};
	struct runtime *rt;
	int code;

	embedded_fill(&cfg);
	if (runtime_new(&cfg, &rt, err) < 0)
		return -1;
	tell_kept(runtime_sweep(rt));
	code = run_in(p, rt, dir, vm_name, err);
	runtime_print_timings(rt);
	runtime_free(rt);
	return code;
}

/* A session without a log is better than none. */
static struct file_log *open_log(const struct plan *p,
				 const struct session_dir *dir,
				 const char *vm_name)
{
	auto_free char *path =
		p->options.log_file ? xstrdup(p->options.log_file)
				    : xasprintf("%s/broodbox.log", dir->path);
	struct file_log *log = NULL;
	struct err err = ERR_INIT;

	if (file_log_open(path, vm_name, p->options.debug, &log, &err) < 0)
		fprintf(stderr, "Warning: could not open log file: %s\n",
			err.msg);
	else
		fprintf(stderr, "Session log: %s\n", path);
	return log;
}

static int run_session(struct plan *p, struct err *err)
{
	auto_free char *vms = NULL, *vm_name = NULL;
	struct session_dir dir = SESSION_DIR_INIT;
	struct log discard_log = LOG_DISCARD;
	const char *keep = runtime_env("BBOX_KEEP_VM_DATA");
	struct file_log *log;
	int code;

	if (complete(p, err) < 0)
		return -1;
	vms = xasprintf("%s/vms", p->dirs.config);
	vm_name = session_vm_name(p->name, p->workspace, p->session_id);
	if (session_dir_create(vms, vm_name, &dir, err) < 0)
		return err_wrap(err, "session directory");
	log = open_log(p, &dir, vm_name);
	code = with_runtime(p, &dir, vm_name,
			    log ? file_log_base(log) : &discard_log, err);
	if (log)
		file_log_close(log);
	session_dir_release(&dir, keep && !strcmp(keep, "1"));
	return code;
}

static void show_agents(void)
{
	fprintf(stderr, "\nAvailable agents:\n");
	for (size_t i = 0; i < agents_builtin_count; i++)
		fprintf(stderr, "  %-15s %s\n", agents_builtin[i].name,
			agents_builtin[i].image);
}

/* All positionals but the agent's name are the agent's, in order. */
static int plan_agent(struct plan *p, const struct option_words *words,
		      struct err *err)
{
	if (!words->before.n)
		return err_set(err, ERR_USAGE,
			       "requires at least 1 arg: the agent's name "
			       "(see 'bbox list')");
	if (agent_name_check(words->before.v[0], err) < 0)
		return -1;
	p->agent = agent_find(words->before.v[0]);
	if (!p->agent) {
		show_agents();
		return err_set(err, ERR_NOT_FOUND, "agent not found: '%s'",
			       words->before.v[0]);
	}
	p->name = xstrdup(p->agent->name);
	p->image =
		xstrdup(p->options.image ? p->options.image : p->agent->image);
	if (p->options.exec)
		strv_add(&p->words, p->options.exec);
	for (size_t i = 0; !p->options.exec && p->agent->command[i]; i++)
		strv_add(&p->words, p->agent->command[i]);
	for (size_t i = 1; i < words->before.n; i++)
		strv_add(&p->words, words->before.v[i]);
	strv_add_all(&p->words, &words->after);
	return 0;
}

static int plan_image(struct plan *p, const struct option_words *words,
		      struct err *err)
{
	if (!words->before.n)
		return err_set(err, ERR_USAGE,
			       "requires at least 1 arg: the image");
	if (words->before.n > 1 || !words->has_dashes)
		return err_set(err, ERR_USAGE,
			       "run-image requires a command after '--', as "
			       "in: bbox run-image base -- true");
	if (!words->after.n || !*words->after.v[0])
		return err_set(err, ERR_USAGE,
			       "run-image needs a non-empty command after "
			       "'--'");
	p->image = xstrdup(words->before.v[0]);
	p->name = agent_name_from_image(p->image);
	if (agent_name_check(p->name, err) < 0)
		return err_wrap(err, "name derived from image '%s'", p->image);
	strv_add_all(&p->words, &words->after);
	return 0;
}

static int run_command(const struct option *table, const char *usage,
		       const char *example, const char *const *argv,
		       int (*plan)(struct plan *p,
				   const struct option_words *words,
				   struct err *err),
		       struct err *err)
{
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	struct plan p = PLAN_INIT;
	int code = options_parse(table, &p.options, argv, &words, err);

	if (code == 0 && words.wants_help)
		code = print_run_help(usage, example, table, err);
	else if (code == 0 && plan(&p, &words, err) < 0)
		code = -1;
	else if (code == 0)
		code = run_session(&p, err);
	plan_release(&p);
	return code;
}

int command_agent(const char *const *argv, struct err *err)
{
	return run_command(run_options_agent,
			   "AGENT [flags] [-- agent-args...]",
			   "claude-code --review --memory 8g -- --model opus",
			   argv, plan_agent, err);
}

static int run_image(const char *const *argv, struct err *err)
{
	return run_command(run_options_image, command_run_image.usage,
			   "run-image base --cpus 4 -- make test", argv,
			   plan_image, err);
}

const struct command command_run_image = {
	.name = "run-image",
	.usage = "run-image IMAGE [flags] -- CMD [args...]",
	.summary = "Run a command in an image of the local store",
	.run = run_image,
};
