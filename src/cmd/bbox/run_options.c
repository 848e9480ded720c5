// SPDX-License-Identifier: Apache-2.0
/*
 * run_options.c - the flags of a session, one handler each.
 */
#include "cmd/bbox/run_options.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/agent/env.h"
#include "domain/bytesize/bytesize.h"
#include "domain/egress/host.h"

static const struct view_name {
	const char *name;
	enum workspace_view view;
	bool reflink_only;
} view_names[] = {
	{ "lazy", WORKSPACE_VIEW_LAZY, false },
	{ "reflink", WORKSPACE_VIEW_COPY, true },
	{ "copy", WORKSPACE_VIEW_COPY, false },
};

void run_options_release(struct run_options *o)
{
	free(o->workspace);
	free(o->image);
	free(o->exec);
	free(o->log_file);
	strv_release(&o->exclude);
	strv_release(&o->env);
	strv_release(&o->allow_hosts);
	*o = RUN_OPTIONS_INIT;
}

static int set_cpus(void *target, const char *value, struct err *err)
{
	struct run_options *o = target;
	uint64_t n;

	if (!text_parse_u64(value, UINT32_MAX, &n))
		return err_set(err, ERR_USAGE, "'%s' is not a number", value);
	o->cpus = n > VM_CPUS_MAX ? VM_CPUS_MAX : (uint32_t)n;
	return 0;
}

static int set_memory(void *target, const char *value, struct err *err)
{
	struct run_options *o = target;

	if (bytesize_parse(value, &o->mem_mib, err) < 0)
		return -1;
	if (o->mem_mib > VM_MEM_MIB_MAX)
		o->mem_mib = VM_MEM_MIB_MAX;
	return 0;
}

/* A text that may be given once; the last one wins, as everywhere. */
static int set_text(char **out, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "must not be empty");
	free(*out);
	*out = xstrdup(value);
	return 0;
}

static int set_workspace(void *target, const char *value, struct err *err)
{
	return set_text(&((struct run_options *)target)->workspace, value, err);
}

static int set_image(void *target, const char *value, struct err *err)
{
	return set_text(&((struct run_options *)target)->image, value, err);
}

static int set_exec(void *target, const char *value, struct err *err)
{
	return set_text(&((struct run_options *)target)->exec, value, err);
}

static int set_log_file(void *target, const char *value, struct err *err)
{
	return set_text(&((struct run_options *)target)->log_file, value, err);
}

static int add_exclude(void *target, const char *value, struct err *err)
{
	struct run_options *o = target;

	return options_split_csv(value, &o->exclude, err);
}

/* NAME=value as one word: a value may hold commas, so it is never split. */
static int add_env(void *target, const char *value, struct err *err)
{
	auto_strv struct strv patterns = STRV_INIT;
	struct run_options *o = target;

	if (strchr(value, '=')) {
		strv_add(&o->env, value);
		return 0;
	}
	if (options_split_csv(value, &patterns, err) < 0)
		return -1;
	for (size_t i = 0; i < patterns.n; i++) {
		if (env_pattern_check(patterns.v[i], err) < 0)
			return -1;
	}
	strv_add_all(&o->env, &patterns);
	return 0;
}

static int add_allow_host(void *target, const char *value, struct err *err)
{
	auto_strv struct strv hosts = STRV_INIT;
	struct run_options *o = target;
	struct egress_host host;

	if (options_split_csv(value, &hosts, err) < 0)
		return -1;
	for (size_t i = 0; i < hosts.n; i++) {
		if (egress_host_parse(hosts.v[i], &host, err) < 0)
			return -1;
	}
	strv_add_all(&o->allow_hosts, &hosts);
	return 0;
}

static int set_accel(void *target, const char *value, struct err *err)
{
	return vm_accel_parse(value, &((struct run_options *)target)->accel,
			      err);
}

static int set_view(void *target, const char *value, struct err *err)
{
	struct run_options *o = target;

	for (size_t i = 0; i < ARRAY_SIZE(view_names); i++) {
		if (!strcmp(value, view_names[i].name)) {
			o->view = view_names[i].view;
			o->reflink_only = view_names[i].reflink_only;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "'%s' is none of lazy, reflink, copy",
		       value);
}

static int set_mode(void *target, const char *value, struct err *err)
{
	struct run_options *o = target;

	o->direct = !strcmp(value, "direct");
	if (!o->direct && strcmp(value, "snapshot") != 0)
		return err_set(err, ERR_USAGE,
			       "invalid --workspace-mode \"%s\": valid values "
			       "are [snapshot direct]",
			       value);
	return 0;
}

static int set_yes(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct run_options *)target)->yes, err);
}

static int set_review(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct run_options *)target)->review,
			    err);
}

static int set_timings(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct run_options *)target)->timings,
			    err);
}

static int set_no_firmware_download(void *target, const char *value,
				    struct err *err)
{
	struct run_options *o = target;

	return options_bool(value, &o->no_firmware_download, err);
}

static int set_debug(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct run_options *)target)->debug, err);
}

/* clang-format off */
#define COMMON_OPTIONS                                                        \
	{ "cpus", "N",                                                        \
	  "virtual CPUs (default: the agent's)", set_cpus },                  \
	{ "memory", "SIZE",                                                   \
	  "memory, such as 2048, 512m or 4g", set_memory },                   \
	{ "workspace", "DIR",                                                 \
	  "project to work on (default: the current directory)",              \
	  set_workspace },                                                    \
	{ "workspace-snapshot", "lazy|reflink|copy",                          \
	  "copy what the guest changes, or all first (default: lazy)",        \
	  set_view },                                                         \
	{ "workspace-mode", "snapshot|direct",                                \
	  "direct: let the guest change the project itself, no undo",         \
	  set_mode },                                                         \
	{ "yes", NULL,                                                        \
	  "you know what direct mode is; needed once", set_yes },             \
	{ "exclude", "PATTERN",                                               \
	  "hide from the guest, gitignore syntax (repeatable)",               \
	  add_exclude },                                                      \
	{ "review", NULL,                                                     \
	  "ask for each changed file before it is written", set_review },     \
	{ "env", "NAME|NAME=VALUE",                                           \
	  "forward or set a variable; NAME may end in * (repeatable)",        \
	  add_env },                                                          \
	{ "env-forward", "NAME",                                              \
	  "same as --env", add_env },                                         \
	{ "allow-host", "NAME[:PORT]",                                        \
	  "let the guest reach a name; host.bbox.internal:PORT is this host", \
	  add_allow_host },                                                   \
	{ "accel", "auto|kvm|tcg",                                            \
	  "how the VM runs (default: auto, or $BBOX_ACCEL)", set_accel },     \
	{ "timings", NULL,                                                    \
	  "print how long each phase took", set_timings },                    \
	{ "no-firmware-download", NULL,                                       \
	  "use a cached guest kernel only", set_no_firmware_download },       \
	{ "debug", NULL,                                                      \
	  "verbose session log and guest console", set_debug },               \
	{ "log-file", "FILE",                                                 \
	  "write the session log there", set_log_file },                      \
	{ NULL, NULL, NULL, NULL }

const struct option run_options_agent[] = {
	{ "image", "IMAGE", "use this image instead of the agent's", set_image },
	{ "exec", "COMMAND", "run this word instead of the agent", set_exec },
	COMMON_OPTIONS,
};

const struct option run_options_image[] = {
	COMMON_OPTIONS,
};
/* clang-format on */
