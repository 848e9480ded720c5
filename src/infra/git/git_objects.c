// SPDX-License-Identifier: Apache-2.0
/*
 * git_objects.c - bring objects that a guest made into the user's repository.
 *
 * Theory of operation
 *
 * The guest's object files are linked under clean names into a directory of
 * the session, which libgit2 then takes for a store of objects. From the
 * commit that is wanted everything it needs is visited down to what the user
 * has, and copied from there up. Each object is read with its hash checked,
 * parsed, and written again under the hash of its content: no file of the
 * guest's becomes one of the user's repository.
 */
#include "infra/git/git_objects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/overlay_store.h"
#include "infra/git/git_read.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define IMPORT_DIR  "git-import"
#define DIR_MODE    0700
#define PACK_MODE   0400
#define PENDING_MAX ((size_t)4 * 1000 * 1000) /* objects not visited yet */
#define CHUNK	    ((size_t)128 * 1024)      /* bytes */
#define FANOUT_LEN  2
#define LOOSE_LEN   38

int git_objects_fail(struct err *err, const char *what)
{
	const git_error *last = git_error_last();

	return err_set(err,
		       last && last->klass == GIT_ERROR_ODB ? ERR_INVALID
							    : ERR_UNSUPPORTED,
		       "%s: %s", what, last ? last->message : "no reason");
}

static bool is_hex(struct span name, size_t len)
{
	const char *p = name.p;

	if (name.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') ||
		      (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	}
	return true;
}

static bool is_pack(struct span name)
{
	static const char suffix[] = ".pack";
	size_t len = strlen(suffix);

	return name.len > len &&
	       !memcmp((const char *)name.p + name.len - len, suffix, len);
}

/* Where the guest's objects are gathered. */
struct gather {
	struct git_session *session;
	int dir; /* "objects" of the import */
	const char *packs;
	git_odb *ours;
	struct log *log;
};

static int link_loose(const struct gather *g, struct span fanout,
		      const struct overlay_child *child, struct err *err)
{
	char object[OVERLAY_OBJECT_NAME_SIZE];
	auto_free char *dir = xmemdup0(fanout.p, fanout.len);
	auto_free char *name = xasprintf("%s/%.*s", dir, (int)child->name.len,
					 (const char *)child->name.p);

	if (!is_hex(child->name, LOOSE_LEN) || !child->node ||
	    child->node->kind != OVERLAY_FILE || !child->node->own)
		return 0;
	overlay_object_name(child->node->id, object);
	if (mkdirat(g->dir, dir, DIR_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory '%s'", dir);
	if (linkat(g->session->objects_fd, object, g->dir, name, 0) < 0)
		return err_sys(err, errno, "link object '%s'", name);
	return 0;
}

static int feed(git_indexer *indexer, int fd, struct err *err)
{
	auto_free char *chunk = xmalloc(CHUNK);
	git_indexer_progress progress = { .total_objects = 0 };
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read pack");
		if (!n)
			break;
		if (git_indexer_append(indexer, chunk, (size_t)n, &progress))
			return git_objects_fail(err, "pack");
	}
	return git_indexer_commit(indexer, &progress)
		       ? git_objects_fail(err, "pack")
		       : 0;
}

static int index_pack(const struct gather *g, const struct overlay_node *node,
		      struct err *err)
{
	char object[OVERLAY_OBJECT_NAME_SIZE];
	git_indexer_options options = {
		.version = GIT_INDEXER_OPTIONS_VERSION,
	};
	git_indexer *indexer;
	auto_close int fd = -1;
	int r;

	overlay_object_name(node->id, object);
	fd = git_open_file(g->session->objects_fd, object, /* st */ NULL, err);
	if (fd < 0)
		return -1;
	if (git_indexer_new(&indexer, g->packs, PACK_MODE, g->ours, &options))
		return git_objects_fail(err, "pack");
	r = feed(indexer, fd, err);
	git_indexer_free(indexer);
	return r;
}

/* One that is damaged is missed only if something in it is needed. */
static void index_packs(const struct gather *g, struct overlay_node *dir)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		struct err err = ERR_INIT;

		if (!is_pack(child.name) || !child.node ||
		    child.node->kind != OVERLAY_FILE || !child.node->own)
			continue;
		if (index_pack(g, child.node, &err) < 0)
			log_warn(g->log, "git: the agent's pack '%.*s': %s",
				 (int)child.name.len,
				 (const char *)child.name.p, err.msg);
	}
}

static int link_fanout(const struct gather *g, struct span name,
		       const struct overlay_node *dir, struct err *err)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		if (link_loose(g, name, &child, err) < 0)
			return -1;
	}
	return 0;
}

static int gather_all(const struct gather *g, struct overlay_node *git,
		      struct err *err)
{
	struct overlay_node *objects =
		git_session_find(g->session, git, "objects");
	struct overlay_child child;
	size_t at = 0;

	if (!objects || objects->kind != OVERLAY_DIR)
		return 0;
	while (overlay_next_child(objects, &at, &child)) {
		if (!child.node || child.node->kind != OVERLAY_DIR)
			continue;
		if (span_equals(child.name, "pack"))
			index_packs(g, child.node);
		else if (is_hex(child.name, FANOUT_LEN) &&
			 link_fanout(g, child.name, child.node, err) < 0)
			return -1;
	}
	return 0;
}

/* An empty store; *@out is its path. */
static int make_store(const char *state, char **out, char **packs,
		      struct err *err)
{
	auto_free char *dir = xasprintf("%s/" IMPORT_DIR, state);
	auto_free char *objects = xasprintf("%s/objects", dir);
	auto_free char *pack = xasprintf("%s/pack", objects);

	if (fs_remove_tree(dir, err) < 0 ||
	    fs_mkdir_all(pack, DIR_MODE, err) < 0)
		return -1;
	*out = take_ptr(objects);
	*packs = take_ptr(pack);
	return 0;
}

static int open_both(struct git_objects *o, const char *store,
		     const char *objects, struct err *err)
{
	if (git_odb_open(&o->both, store) ||
	    git_odb_add_disk_alternate(o->both, objects) ||
	    git_repository_wrap_odb(&o->view, o->both))
		return git_objects_fail(err, "open objects");
	return 0;
}

int git_objects_open(struct git_session *s, struct overlay_node *git,
		     const char *state, const char *objects, struct log *log,
		     struct git_objects *out, struct err *err)
{
	auto_git_objects struct git_objects o = { .log = log };
	auto_free char *store = NULL, *packs = NULL;
	struct gather g = { .session = s, .dir = -1, .log = log };
	auto_close int dir = -1;

	if (make_store(state, &store, &packs, err) < 0)
		return -1;
	dir = fd_open_dir(store, err);
	if (dir < 0)
		return -1;
	if (git_odb_open(&o.ours, objects))
		return git_objects_fail(err, "open objects");
	g.dir = dir;
	g.packs = packs;
	g.ours = o.ours;
	if (gather_all(&g, git, err) < 0 ||
	    open_both(&o, store, objects, err) < 0)
		return -1;
	*out = o;
	o = GIT_OBJECTS_INIT;
	return 0;
}

void git_objects_close(struct git_objects *o)
{
	git_repository_free(o->view);
	git_odb_free(o->both);
	git_odb_free(o->ours);
	*o = GIT_OBJECTS_INIT;
}

/* An object that is to be copied once what it needs has been. */
struct pending {
	git_oid oid;
	git_object_t type; /* that it must be; GIT_OBJECT_ANY: either */
	bool visited;	   /* what it needs lies above it */
};

struct visit {
	struct git_objects *objects;
	struct pending *v; /* owned */
	size_t n, capacity;
};

static int push(struct visit *v, const git_oid *oid, git_object_t type,
		struct err *err)
{
	if (v->n == PENDING_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu objects wait",
			       PENDING_MAX);
	if (v->n == v->capacity) {
		v->capacity = v->capacity ? 2 * v->capacity : 256;
		v->v = xreallocarray(v->v, v->capacity, sizeof(*v->v));
	}
	v->v[v->n++] = (struct pending){ .oid = *oid, .type = type };
	return 0;
}

static int push_commit(struct visit *v, const git_commit *commit,
		       struct err *err)
{
	for (unsigned int i = 0; i < git_commit_parentcount(commit); i++) {
		if (push(v, git_commit_parent_id(commit, i), GIT_OBJECT_COMMIT,
			 err) < 0)
			return -1;
	}
	return push(v, git_commit_tree_id(commit), GIT_OBJECT_TREE, err);
}

/* Names that would lead a checkout out of its place. */
static bool is_bad_name(const char *name)
{
	return !*name || strchr(name, '/') || !strcmp(name, ".") ||
	       !strcmp(name, "..") || !strcasecmp(name, ".git");
}

static int push_tree(struct visit *v, const git_tree *tree, struct err *err)
{
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *e = git_tree_entry_byindex(tree, i);
		git_object_t type = git_tree_entry_type(e);

		if (is_bad_name(git_tree_entry_name(e)))
			return err_set(err, ERR_INVALID,
				       "a tree holds the name '%s'",
				       git_tree_entry_name(e));
		/* A commit in a tree is another repository's. */
		if (type != GIT_OBJECT_COMMIT &&
		    push(v, git_tree_entry_id(e), type, err) < 0)
			return -1;
	}
	return 0;
}

static int push_needed(struct visit *v, git_object *object, struct err *err)
{
	const git_tag *tag;

	switch ((int)git_object_type(object)) {
	case GIT_OBJECT_COMMIT:
		return push_commit(v, (const git_commit *)object, err);
	case GIT_OBJECT_TREE:
		return push_tree(v, (const git_tree *)object, err);
	case GIT_OBJECT_TAG:
		tag = (const git_tag *)object;
		return push(v, git_tag_target_id(tag), git_tag_target_type(tag),
			    err);
	case GIT_OBJECT_BLOB:
		return 0;
	default:
		return err_set(err, ERR_INVALID, "an object of no known type");
	}
}

static int fail_at(struct err *err, const git_oid *oid, int r)
{
	char hex[GIT_OID_HEXSZ + 1];

	git_oid_tostr(hex, sizeof(hex), oid);
	if (r == GIT_ENOTFOUND)
		return err_set(err, ERR_NOT_FOUND, "object %s is missing", hex);
	discard(git_objects_fail(err, "object"));
	return err_wrap(err, "%s", hex);
}

/* What the header says, before anything of it is held in memory. */
static int check_header(struct git_objects *o, const struct pending *p,
			struct err *err)
{
	char hex[GIT_OID_HEXSZ + 1];
	git_object_t type;
	size_t size;
	int r = git_odb_read_header(&size, &type, o->both, &p->oid);

	if (r)
		return fail_at(err, &p->oid, r);
	git_oid_tostr(hex, sizeof(hex), &p->oid);
	if (size > GIT_OBJECT_MAX)
		return err_set(err, ERR_LIMIT,
			       "object %s has more than %zu bytes", hex,
			       GIT_OBJECT_MAX);
	if (p->type != GIT_OBJECT_ANY && p->type != type)
		return err_set(err, ERR_INVALID, "object %s is a %s, not a %s",
			       hex, git_object_type2string(type),
			       git_object_type2string(p->type));
	return 0;
}

/* Parses it, and puts what it needs above it. */
static int visit(struct visit *v, const git_oid *oid, struct err *err)
{
	struct git_objects *o = v->objects;
	git_object *object;
	int r = git_object_lookup(&object, o->view, oid, GIT_OBJECT_ANY);

	if (r)
		return fail_at(err, oid, r);
	r = push_needed(v, object, err);
	git_object_free(object);
	return r;
}

static int copy(struct git_objects *o, const git_oid *oid, struct err *err)
{
	git_odb_object *object;
	git_oid written;
	int r = git_odb_read(&object, o->both, oid);

	if (r)
		return fail_at(err, oid, r);
	r = git_odb_write(&written, o->ours, git_odb_object_data(object),
			  git_odb_object_size(object),
			  git_odb_object_type(object));
	git_odb_object_free(object);
	if (r)
		return fail_at(err, oid, r);
	if (!git_oid_equal(&written, oid))
		return err_set(err, ERR_INTEGRITY,
			       "an object is not what its name says");
	return 0;
}

static int step(struct visit *v, struct err *err)
{
	struct git_objects *o = v->objects;
	struct pending now = v->v[v->n - 1];

	if (git_odb_exists_ext(o->ours, &now.oid, GIT_ODB_LOOKUP_NO_REFRESH)) {
		v->n--;
		return 0;
	}
	if (now.visited) {
		v->n--;
		return copy(o, &now.oid, err);
	}
	v->v[v->n - 1].visited = true;
	if (check_header(o, &now, err) < 0)
		return -1;
	return visit(v, &now.oid, err);
}

int git_objects_bring(struct git_objects *o, const char *oid, struct err *err)
{
	struct visit v = { .objects = o };
	git_oid id;
	int r;

	if (strlen(oid) != GIT_OID_HEXSZ || git_oid_fromstr(&id, oid))
		return err_set(err, ERR_UNSUPPORTED,
			       "object ids of this kind are not supported");
	r = push(&v, &id, GIT_OBJECT_ANY, err);
	while (!r && v.n)
		r = step(&v, err);
	free(v.v);
	return r;
}
