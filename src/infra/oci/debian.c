// SPDX-License-Identifier: Apache-2.0
/*
 * debian.c - a layer made of Debian packages.
 *
 * Theory of operation
 *
 * mmdebstrap puts a Debian root together in a scratch directory and writes it
 * as a tar stream, from which the layer is made while it arrives. Packages
 * come from wherever the machine's apt gets them.
 *
 * For true owners without being root it runs as the root of a user namespace
 * that has the user's subordinate ids (/etc/subuid, newuidmap). unshare(1)
 * makes that namespace and, in the same go, one for processes, so that
 * killing one process kills dpkg and everything else with it, however bbox
 * dies. Without subordinate ids, mmdebstrap's fakechroot mode pretends.
 *
 * Files in the scratch directory belong to subordinate ids, so only such a
 * namespace can remove them. A build that was killed leaves its directory;
 * its name says which store it belongs to, and that store's next build
 * removes it.
 */
#include "infra/oci/debian.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/oci/tool.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define GUEST_UID	    1000
#define SUBUID_SIZE_MAX	    ((size_t)1024 * 1024) /* bytes */
#define FAKECHROOT_GRACE_MS 10000
#define EXPLAIN_NS	    INT64_C(2000000000) /* for a failing tool to end */

enum debian_mode { MODE_NAMESPACE, MODE_ROOT, MODE_FAKECHROOT };

static const char *const mode_options[] = {
	[MODE_NAMESPACE] = "--mode=root",
	[MODE_ROOT] = "--mode=root",
	[MODE_FAKECHROOT] = "--mode=fakechroot",
};

/* What the user sees for a line of mmdebstrap's. */
static const struct step_text {
	const char *line, *text;
} step_texts[] = {
	{ "I: running apt-get update", "Updating package lists" },
	{ "I: downloading packages", "Downloading Debian packages" },
	{ "I: extracting archives", "Unpacking Debian packages" },
	{ "I: installing essential packages", "Installing Debian packages" },
	{ "I: creating tarball", "Writing image layer" },
};

struct debian_tool {
	struct tool tool;
	struct progress *progress; /* borrowed */
};

static void on_line(struct tool *t, const char *line)
{
	struct debian_tool *d = container_of(t, struct debian_tool, tool);

	for (size_t i = 0; i < ARRAY_SIZE(step_texts); i++) {
		if (text_starts_with(line, step_texts[i].line))
			progress_start(d->progress, "%s", step_texts[i].text);
	}
}

/* Does a line of /etc/subuid or /etc/subgid name this user? */
static bool has_subordinate_ids(const char *path)
{
	auto_buf struct buf text = BUF_INIT(SUBUID_SIZE_MAX);
	auto_free char *uid = xasprintf("%u", getuid());
	/* There is one thread. */
	/* cppcheck-suppress getpwuidCalled */
	const struct passwd *user = getpwuid(getuid());
	struct span all, line, name;

	/* No such file and no permission to read it come to the same. */
	if (fs_read_file(path, &text, ERR_IGNORE) < 0)
		return false;
	all = buf_span(&text);
	while (span_take_until(&all, '\n', &line)) {
		if (span_take_until(&line, ':', &name) &&
		    (span_equals(name, uid) ||
		     (user && span_equals(name, user->pw_name))))
			return true;
	}
	return false;
}

static bool is_installed(const struct build *b, const char *name)
{
	auto_free char *path = NULL;

	return proc_find(name, b->path_var, &path, ERR_IGNORE) == 0;
}

static int choose_mode(const struct build *b, enum debian_mode *out,
		       struct err *err)
{
	if (geteuid() == 0)
		*out = MODE_ROOT;
	else if (is_installed(b, "newuidmap") &&
		 has_subordinate_ids("/etc/subuid") &&
		 has_subordinate_ids("/etc/subgid"))
		*out = MODE_NAMESPACE;
	else if (is_installed(b, "fakechroot") && is_installed(b, "fakeroot"))
		*out = MODE_FAKECHROOT;
	else
		return err_set(err, ERR_NOT_FOUND,
			       "building an image without root needs "
			       "subordinate ids: apt install uidmap, and lines "
			       "for this user in /etc/subuid and /etc/subgid "
			       "(usermod --add-subuids 100000-165535 "
			       "--add-subgids 100000-165535 USER)");
	return 0;
}

/* The words in front of a command that make it root over all our ids. */
static int add_namespace(const struct build *b, enum debian_mode mode,
			 struct strv *argv, struct err *err)
{
	auto_free char *unshare = NULL;

	if (mode == MODE_FAKECHROOT)
		return 0;
	if (tool_find("unshare", b->path_var, "apt install util-linux",
		      &unshare, err) < 0)
		return -1;
	strv_add(argv, unshare);
	if (mode == MODE_NAMESPACE) {
		strv_add(argv, "--user");
		strv_add(argv, "--map-root-user");
		strv_add(argv, "--map-auto");
	}
	strv_add(argv, "--mount");
	strv_add(argv, "--pid");
	strv_add(argv, "--fork");
	strv_add(argv, "--kill-child");
	strv_add(argv, "--");
	return 0;
}

static void add_packages(const struct recipe *r, struct strv *argv)
{
	for (size_t i = 0; i < r->packages.n; i++)
		strv_addf(argv, "--include=%s", r->packages.v[i]);
	/* dpkg takes the last option that matches: includes come after. */
	for (size_t i = 0; i < r->exclude.n; i++)
		strv_addf(argv, "--dpkgopt=path-exclude=%s", r->exclude.v[i]);
	for (size_t i = 0; i < r->include.n; i++)
		strv_addf(argv, "--dpkgopt=path-include=%s", r->include.v[i]);
}

static int make_argv(const struct build *b, const struct recipe *r,
		     enum debian_mode mode, const char *mmdebstrap,
		     struct strv *argv, struct err *err)
{
	if (add_namespace(b, mode, argv, err) < 0)
		return -1;
	strv_add(argv, mmdebstrap);
	strv_add(argv, mode_options[mode]);
	strv_add(argv, "--variant=minbase");
	strv_add(argv, "--format=tar");
	strv_add(argv, "--aptopt=Acquire::Languages \"none\"");
	add_packages(r, argv);
	/* mmdebstrap gives this to a shell; the name is plain letters. */
	strv_addf(argv,
		  "--customize-hook=chroot \"$1\" useradd --uid %d "
		  "--user-group --create-home --shell /bin/bash %s",
		  GUEST_UID, r->debian_user);
	strv_add(argv, r->suite);
	strv_add(argv, "-");
	return 0;
}

/* A stream breaks off as a consequence; the cause is what the tool says. */
static int explain(struct tool *t, const struct err *tar_err, struct err *err)
{
	struct err tool_err = ERR_INIT;

	if (tool_finish(t, clock_now_ns() + EXPLAIN_NS, &tool_err) < 0 &&
	    tool_err.kind != ERR_TIMEOUT)
		*err = tool_err;
	else
		*err = *tar_err;
	return -1;
}

static int read_layer(const struct build *b, struct debian_tool *d,
		      struct layer *l, struct err *err)
{
	struct err tar_err = ERR_INIT;
	struct build_watch watch;

	build_watch_init(&watch, b->progress, 0);
	if (tar_read_layer(l, &d->tool.base, &watch.base, &tar_err) < 0)
		return explain(&d->tool, &tar_err, err);
	return tool_finish(&d->tool, /* wake_ns */ 0, err);
}

static int run_tool(const struct build *b, const struct recipe *r,
		    enum debian_mode mode, const char *mmdebstrap,
		    const char *scratch, struct layer *l, struct err *err)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv env = STRV_INIT;
	struct debian_tool d = {
		.tool = { .on_line = on_line },
		.progress = b->progress,
	};
	int ret;

	if (make_argv(b, r, mode, mmdebstrap, &argv, err) < 0)
		return -1;
	for (const char *const *e = b->tool_env; *e; e++)
		strv_add(&env, *e);
	strv_addf(&env, "TMPDIR=%s", scratch);
	ret = tool_start(&d.tool, b->loop, "mmdebstrap", strv_list(&argv),
			 strv_list(&env), "/", err);
	if (!ret)
		ret = read_layer(b, &d, l, err);
	tool_stop(&d.tool, mode == MODE_FAKECHROOT ? FAKECHROOT_GRACE_MS : 0);
	return ret;
}

/* Removes a directory with files of all our ids. */
static int remove_scratch(const struct build *b, enum debian_mode mode,
			  const char *path, struct err *err)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_free char *rm = NULL;
	struct proc_spec spec = {
		.envp = b->tool_env,
		.stdio = { -1, -1, -1 },
	};

	if (mode != MODE_NAMESPACE)
		return fs_remove_tree(path, err);
	if (tool_find("rm", b->path_var, "apt install coreutils", &rm, err) <
		    0 ||
	    add_namespace(b, mode, &argv, err) < 0)
		return -1;
	strv_add(&argv, rm);
	strv_add(&argv, "-rf");
	strv_add(&argv, "--one-file-system");
	strv_add(&argv, "--");
	strv_add(&argv, path);
	spec.path = argv.v[0];
	spec.argv = strv_list(&argv);
	return proc_run(&spec, /* out */ NULL, err);
}

int debian_build(const struct build *b, const struct recipe *r,
		 char diff_id[IMAGE_DIGEST_SIZE], struct err *err)
{
	auto_layer struct layer *l = NULL;
	auto_free char *mmdebstrap = NULL;
	auto_free char *scratch = NULL;
	enum debian_mode mode;
	int ret;

	progress_start(b->progress, "Preparing Debian %s", r->suite);
	if (tool_find("mmdebstrap", b->path_var,
		      "apt install mmdebstrap uidmap", &mmdebstrap, err) < 0 ||
	    choose_mode(b, &mode, err) < 0 ||
	    layer_begin(b->layers_dir, &layer_limits_default, b->log, &l, err) <
		    0 ||
	    fs_make_temp_dir(b->scratch_dir, b->scratch_prefix, &scratch, err) <
		    0)
		return -1;
	/* apt fetches as a user of its own, which has to get there. */
	if (chmod(scratch, 0755) < 0)
		ret = err_sys(err, errno, "change mode of '%s'", scratch);
	else
		ret = run_tool(b, r, mode, mmdebstrap, scratch, l, err);
	/* What cannot be removed now will be at the next build. */
	discard(remove_scratch(b, mode, scratch, ERR_IGNORE));
	if (ret < 0)
		return ret;
	return layer_publish(l, /* want_diff_id */ NULL, diff_id, err);
}

static void remove_stale(const struct build *b, int dirfd, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", b->scratch_dir, name);
	enum debian_mode mode;
	struct stat st;

	/* Anybody can make such names in a directory for all. */
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return;
	/* Whatever stops us, the next build tries again. */
	if (choose_mode(b, &mode, ERR_IGNORE) < 0)
		return;
	discard(remove_scratch(b, mode, path, ERR_IGNORE));
}

void debian_clean(const struct build *b)
{
	DIR *dir = opendir(b->scratch_dir);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (text_starts_with(entry->d_name, b->scratch_prefix))
			remove_stale(b, dirfd(dir), entry->d_name);
	}
	closedir(dir);
}
