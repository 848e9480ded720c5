// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_model_test.c - random histories of a view against a naive model: a
 * list of paths, each with the object that it names.
 *
 * The world below is the server in miniature: it looks names up in a fixed
 * directory of "the user" and keeps the content of a file as a number. It is
 * one long file because world, model and steps are of no use to others.
 */
#include "domain/workspace/overlay.h"

#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define SEQUENCES     3000
#define STEPS	      60
#define CUT_SEQUENCES 12
#define CUT_STEPS     16
#define PATHS_MAX     200
#define IDS_MAX	      8000
#define PATH_SIZE     128
#define TEXT_MAX      ((size_t)1024 * 1024)

/* clang-format off */
static const struct lower {
	const char *path;
	enum overlay_kind kind;
	uint32_t ino, links;
} lowers[] = {
	{ "b",     OVERLAY_FILE,    15, 1 },
	{ "d",     OVERLAY_DIR,     10, 1 },
	{ "d/a",   OVERLAY_FILE,    11, 1 },
	{ "d/e",   OVERLAY_DIR,     12, 1 },
	{ "d/e/a", OVERLAY_FILE,    13, 1 },
	{ "d/e/h", OVERLAY_FILE,    14, 4 },
	{ "d/h",   OVERLAY_FILE,    14, 4 },
	{ "d/s",   OVERLAY_SYMLINK, 18, 1 },
	{ "e",     OVERLAY_DIR,     17, 1 },
	{ "h",     OVERLAY_FILE,    14, 4 },
	{ "s",     OVERLAY_SYMLINK, 16, 1 },
};
/* clang-format on */

static const char *const names[] = { "a", "b", "d", "e", "h", "s" };

struct object {
	enum overlay_kind kind;
	int content, mode, xattr;
};

struct path {
	char text[PATH_SIZE];
	int object;
};

struct model {
	struct path paths[PATHS_MAX];
	size_t n;
	struct object objects[PATHS_MAX + STEPS];
	int objects_n;
};

struct world {
	struct overlay *o;
	struct buf records;
	int content[IDS_MAX]; /* of files that have their own */
	bool sink_fails;
	struct overlay_node *open; /* held although it may have no name */
	int open_object;
	int next_content;
	bool written_once; /* content depends on the node alone */
	uint32_t seed;
	struct model m;
};

static uint32_t pick(struct world *w, uint32_t n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 10) % n;
}

static int world_sink(void *ctx, struct span record)
{
	struct world *w = ctx;
	struct err err;

	if (w->sink_fails)
		return -EIO;
	CHECK_OK(buf_add(&w->records, record.p, record.len, &err), &err);
	return 0;
}

static struct file_identity identity_of(const struct lower *l)
{
	return (struct file_identity){ .dev = 1, .ino = l->ino, .size = 5 };
}

static struct overlay *new_overlay(struct world *w)
{
	const struct overlay_config config = {
		.sink = world_sink,
		.ctx = w,
		.hash_key = { w->seed, 1 },
	};
	const struct overlay_attr attr = { .ino = 1, .mode = 0755 };
	const struct file_identity identity = { .dev = 1, .ino = 1 };

	return overlay_new(&config, &attr, &identity);
}

static const struct lower *find_lower(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s%s%s", dir, *dir ? "/" : "", name);

	for (size_t i = 0; i < ARRAY_SIZE(lowers); i++) {
		if (!strcmp(lowers[i].path, path))
			return &lowers[i];
	}
	return NULL;
}

/* As the server looks a name up. */
static struct overlay_node *look(struct overlay *o, struct overlay_node *dir,
				 const char *name)
{
	const struct lower *l;
	struct overlay_node *node = NULL;
	struct overlay_attr attr = { .mode = 0644 };
	struct file_identity identity;
	enum overlay_name is = overlay_lookup(o, dir, SPAN_STR(name), &node);

	if (is == OVERLAY_NAME_GONE)
		return NULL;
	if (is == OVERLAY_NAME_THERE && node->pinned)
		return node;
	l = find_lower(dir->lower, name);
	if (!l) {
		overlay_vanish(o, dir, SPAN_STR(name));
		return NULL;
	}
	identity = identity_of(l);
	attr.ino = l->ino;
	assert_int_equal(
		overlay_remember(o, dir, SPAN_STR(name), l->kind, &attr,
				 &identity,
				 l->kind == OVERLAY_SYMLINK ? "t" : NULL,
				 l->links, &node),
		0);
	return node;
}

static struct overlay_node *walk(struct overlay *o, const char *path)
{
	struct span rest = SPAN_STR(path), name;
	struct overlay_node *node = overlay_root(o);

	while (node && span_take_until(&rest, '/', &name)) {
		auto_free char *text = xmemdup0(name.p, name.len);

		node = look(o, node, text);
	}
	return node;
}

static int content_of(const struct world *w, const struct overlay_node *node)
{
	if (node->kind == OVERLAY_SYMLINK)
		return node->target[0] == 't' ? 0 : node->target[0];
	if (node->kind != OVERLAY_FILE)
		return 0;
	if (node->own) {
		assert_true(node->id < IDS_MAX && !node->lower);
		return w->content[node->id];
	}
	assert_non_null(node->lower);
	return (int)find_lower("", node->lower)->ino;
}

/* Content that no file had before; returns what it is. */
static int give_content(struct world *w, const struct overlay_node *node)
{
	assert_true(node->id < IDS_MAX);
	w->content[node->id] =
		w->written_once ? (int)node->id + 1000 : w->next_content++;
	return w->content[node->id];
}

static int xattr_of(const struct overlay_node *node)
{
	struct span value;

	if (overlay_get_xattr(node, "user.x", &value) < 0)
		return 0;
	assert_int_equal(value.len, 1);
	return *(const uint8_t *)value.p;
}

static void add_line(struct buf *out, const char *path,
		     const struct object *object, uint32_t links)
{
	struct err err;

	CHECK_OK(buf_addf(out, &err, "%s %d %d %o %d %u\n", path,
			  (int)object->kind, object->content,
			  (unsigned int)object->mode, object->xattr, links),
		 &err);
}

static void check_children(struct overlay *o, struct overlay_node *dir)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		struct overlay_node *node = NULL;
		enum overlay_name is =
			overlay_lookup(o, dir, child.name, &node);

		assert_true(is == (child.node ? OVERLAY_NAME_THERE
					      : OVERLAY_NAME_GONE));
		assert_ptr_equal(node, child.node);
		assert_true(child.node ? child.node->links > 0 : dir->pinned);
		if (child.node && child.node->kind == OVERLAY_DIR)
			assert_ptr_equal(child.node->parent, dir);
		/* What is recorded can be reached by records. */
		assert_true(!child.node || !child.node->pinned || dir->pinned);
	}
}

static void list_view(const struct world *w, struct overlay *o,
		      struct overlay_node *dir, const char *path,
		      struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *below =
			xasprintf("%s%s%s", path, *path ? "/" : "", names[i]);
		struct overlay_node *node = look(o, dir, names[i]);
		struct object object;

		if (!node)
			continue;
		object = (struct object){ .kind = node->kind,
					  .content = content_of(w, node),
					  .mode = (int)node->attr.mode,
					  .xattr = xattr_of(node) };
		add_line(out, below, &object, node->links);
		if (node->kind == OVERLAY_DIR)
			list_view(w, o, node, below, out);
	}
	check_children(o, dir);
}

/* Twice: names of one file are all known after the first time. */
static char *view_text(const struct world *w, struct overlay *o)
{
	auto_buf struct buf first = BUF_INIT(TEXT_MAX),
			    out = BUF_INIT(TEXT_MAX);

	list_view(w, o, overlay_root(o), "", &first);
	list_view(w, o, overlay_root(o), "", &out);
	return buf_take(&out, NULL);
}

static struct path *find_path(struct model *m, const char *text)
{
	for (size_t i = 0; i < m->n; i++) {
		if (!strcmp(m->paths[i].text, text))
			return &m->paths[i];
	}
	return NULL;
}

static void add_path(struct model *m, const char *text, int object)
{
	struct path *p = &m->paths[m->n++];

	assert_true(m->n <= PATHS_MAX && strlen(text) < PATH_SIZE);
	*p = (struct path){ .object = object };
	memcpy(p->text, text, strlen(text));
}

static int add_object(struct model *m, enum overlay_kind kind, int content)
{
	m->objects[m->objects_n] = (struct object){ .kind = kind,
						    .content = content,
						    .mode = 0644 };
	return m->objects_n++;
}

static void remove_path(struct model *m, struct path *p)
{
	*p = m->paths[--m->n];
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

static bool is_empty(const struct model *m, const char *dir)
{
	for (size_t i = 0; i < m->n; i++) {
		if (is_below(m->paths[i].text, dir))
			return false;
	}
	return true;
}

static void move_paths(struct model *m, const char *from, const char *to)
{
	for (size_t i = 0; i < m->n; i++) {
		struct path *p = &m->paths[i];
		char text[2 * PATH_SIZE];
		int n;

		if (strcmp(p->text, from) != 0 && !is_below(p->text, from))
			continue;
		n = snprintf(text, sizeof(text), "%s%s", to,
			     p->text + strlen(from));
		assert_true(n > 0 && n < PATH_SIZE);
		memcpy(p->text, text, (size_t)n + 1);
	}
}

static bool fits(const struct model *m, const char *from, const char *to)
{
	for (size_t i = 0; i < m->n; i++) {
		if (is_below(m->paths[i].text, from) &&
		    strlen(m->paths[i].text) + strlen(to) >= PATH_SIZE - 1)
			return false;
	}
	return strlen(to) < PATH_SIZE - 4;
}

static uint32_t model_links(const struct model *m, int object)
{
	uint32_t links = 0;

	for (size_t i = 0; i < m->n; i++)
		links += m->paths[i].object == object;
	return links;
}

static void list_model(struct model *m, const char *path, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *below =
			xasprintf("%s%s%s", path, *path ? "/" : "", names[i]);
		const struct path *p = find_path(m, below);

		if (!p)
			continue;
		add_line(out, below, &m->objects[p->object],
			 model_links(m, p->object));
		if (m->objects[p->object].kind == OVERLAY_DIR)
			list_model(m, below, out);
	}
}

static char *model_text(struct model *m)
{
	auto_buf struct buf out = BUF_INIT(TEXT_MAX);

	list_model(m, "", &out);
	return buf_take(&out, NULL);
}

static void model_start(struct model *m)
{
	int h = -1;

	for (size_t i = 0; i < ARRAY_SIZE(lowers); i++) {
		const struct lower *l = &lowers[i];
		bool is_file = l->kind == OVERLAY_FILE;
		int object = l->links > 1 ? h : -1;

		if (object < 0)
			object = add_object(m, l->kind,
					    is_file ? (int)l->ino : 0);
		if (l->links > 1)
			h = object;
		add_path(m, l->path, object);
	}
}

/* A directory that exists (or now and then does not) and a name. */
static void choose(struct world *w, char out[PATH_SIZE], char dir[PATH_SIZE])
{
	size_t i = pick(w, (uint32_t)w->m.n + 3);
	const char *name = names[pick(w, ARRAY_SIZE(names))];
	int n;

	dir[0] = '\0';
	if (i < w->m.n &&
	    w->m.objects[w->m.paths[i].object].kind == OVERLAY_DIR &&
	    strlen(w->m.paths[i].text) < PATH_SIZE - 8)
		memcpy(dir, w->m.paths[i].text, strlen(w->m.paths[i].text) + 1);
	n = snprintf(out, PATH_SIZE, "%s%s%s", dir, *dir ? "/" : "", name);
	assert_true(n > 0 && n < PATH_SIZE);
}

/* One choice of what to do: places, and what they are in view and model. */
struct step {
	struct world *w;
	char path[PATH_SIZE], dir[PATH_SIZE];
	char to_path[PATH_SIZE], to_dir[PATH_SIZE];
	struct overlay_node *dir_node, *node, *to_dir_node, *to_node;
	struct path *p, *to;
	const char *name, *to_name;
};

static const char *last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void prepare(struct world *w, struct step *s)
{
	*s = (struct step){ .w = w };
	choose(w, s->path, s->dir);
	choose(w, s->to_path, s->to_dir);
	s->name = last(s->path);
	s->to_name = last(s->to_path);
	s->dir_node = walk(w->o, s->dir);
	s->to_dir_node = walk(w->o, s->to_dir);
	s->node = walk(w->o, s->path);
	s->to_node = walk(w->o, s->to_path);
	s->p = find_path(&w->m, s->path);
	s->to = find_path(&w->m, s->to_path);
	CHECK(!s->node == !s->p && !s->to_node == !s->to, "'%s' or '%s'",
	      s->path, s->to_path);
}

static struct object *object_of(struct step *s, const struct path *p)
{
	return &s->w->m.objects[p->object];
}

static bool model_is_dir(struct step *s, const struct path *p)
{
	return object_of(s, p)->kind == OVERLAY_DIR;
}

/* What an operation must return; a failing sink goes before success. */
static bool outcome(struct step *s, int got, int want)
{
	if (!want && s->w->sink_fails)
		want = -EIO;
	CHECK(got == want, "'%s' '%s': got %d, want %d", s->path, s->to_path,
	      got, want);
	return !want;
}

static void step_create(struct step *s)
{
	static const enum overlay_kind kinds[] = { OVERLAY_FILE, OVERLAY_FILE,
						   OVERLAY_DIR, OVERLAY_SYMLINK,
						   OVERLAY_FIFO };
	enum overlay_kind kind = kinds[pick(s->w, ARRAY_SIZE(kinds))];
	const struct overlay_attr attr = { .ino = 99, .mode = 0644 };
	struct overlay_node *node;
	int content = 0;

	if (s->w->m.n + 1 >= PATHS_MAX)
		return;
	if (!outcome(s,
		     overlay_create(s->w->o, s->dir_node, SPAN_STR(s->name),
				    kind, &attr,
				    kind == OVERLAY_SYMLINK ? "n" : NULL,
				    &node),
		     s->p ? -EEXIST : 0))
		return;
	if (kind == OVERLAY_FILE) {
		content = give_content(s->w, node);
	} else if (kind == OVERLAY_SYMLINK) {
		content = 'n';
	}
	add_path(&s->w->m, s->path, add_object(&s->w->m, kind, content));
}

static void step_remove(struct step *s)
{
	bool is_dir = pick(s->w, 2);
	int want = 0;

	if (!s->p)
		want = -ENOENT;
	else if (model_is_dir(s, s->p) != is_dir)
		want = is_dir ? -ENOTDIR : -EISDIR;
	else if (is_dir && !is_empty(&s->w->m, s->path))
		return; /* the server does not ask */
	if (outcome(s,
		    overlay_remove(s->w->o, s->dir_node, SPAN_STR(s->name),
				   is_dir),
		    want))
		remove_path(&s->w->m, s->p);
}

static int want_of_rename(struct step *s, bool exchange)
{
	bool is_dir;

	if (!s->p || (exchange && !s->to))
		return -ENOENT;
	if (s->to && s->p->object == s->to->object)
		return 0;
	is_dir = model_is_dir(s, s->p);
	if (is_dir &&
	    (is_below(s->to_path, s->path) || !strcmp(s->to_path, s->path)))
		return -EINVAL;
	if (!s->to)
		return 0;
	if (exchange)
		return is_below(s->path, s->to_path) ? -EINVAL : 0;
	if (is_dir != model_is_dir(s, s->to))
		return is_dir ? -ENOTDIR : -EISDIR;
	return is_dir && !is_empty(&s->w->m, s->to_path) ? -ENOTEMPTY : 0;
}

static void step_rename(struct step *s)
{
	bool exchange = !pick(s->w, 4);
	int want = want_of_rename(s, exchange), r;

	if (want == -ENOTEMPTY || !fits(&s->w->m, s->path, s->to_path) ||
	    !fits(&s->w->m, s->to_path, s->path))
		return;
	r = overlay_rename(s->w->o, s->dir_node, SPAN_STR(s->name),
			   s->to_dir_node, SPAN_STR(s->to_name), exchange);
	/* Nothing to do is nothing to write. */
	if (!want && s->to && s->to->object == s->p->object) {
		assert_int_equal(r, 0);
		return;
	}
	if (!outcome(s, r, want))
		return;
	if (exchange) {
		move_paths(&s->w->m, s->to_path, "//");
		move_paths(&s->w->m, s->path, s->to_path);
		move_paths(&s->w->m, "//", s->path);
		return;
	}
	if (s->to)
		remove_path(&s->w->m, s->to);
	move_paths(&s->w->m, s->path, s->to_path);
}

static void step_link(struct step *s)
{
	int want = 0;

	if (!s->p || s->w->m.n + 1 >= PATHS_MAX)
		return;
	if (model_is_dir(s, s->p))
		want = -EPERM;
	else if (s->to)
		want = -EEXIST;
	if (outcome(s,
		    overlay_link(s->w->o, s->node, s->to_dir_node,
				 SPAN_STR(s->to_name)),
		    want))
		add_path(&s->w->m, s->to_path, s->p->object);
}

static void step_unnamed(struct step *s)
{
	const struct overlay_attr attr = { .ino = 98, .mode = 0644 };
	struct overlay_node *node;
	int content, object;

	if (s->w->m.n + 1 >= PATHS_MAX)
		return;
	assert_int_equal(overlay_create_unnamed(s->w->o, &attr, &node), 0);
	content = give_content(s->w, node);
	if (outcome(s,
		    overlay_link(s->w->o, node, s->to_dir_node,
				 SPAN_STR(s->to_name)),
		    s->to ? -EEXIST : 0)) {
		object = add_object(&s->w->m, OVERLAY_FILE, content);
		add_path(&s->w->m, s->to_path, object);
	} else {
		overlay_forget(s->w->o, node);
	}
}

static int write_node(struct world *w, struct overlay_node *node)
{
	uint8_t hash[OVERLAY_HASH_SIZE] = { (uint8_t)content_of(w, node) };
	int r = overlay_set_own(w->o, node, hash);

	if (!r)
		give_content(w, node);
	return r;
}

static void step_write(struct step *s)
{
	int want = 0, r;

	if (!s->node)
		return;
	if (s->node->kind != OVERLAY_FILE) {
		outcome(s, overlay_set_own(s->w->o, s->node, NULL), -EINVAL);
		return;
	}
	/* Its own already: nothing to record. */
	if (s->node->own && s->w->sink_fails)
		return;
	r = write_node(s->w, s->node);
	if (outcome(s, r, want))
		object_of(s, s->p)->content = s->w->content[s->node->id];
}

/* Through a descriptor, whatever has become of the name. */
static void step_open_file(struct step *s)
{
	struct world *w = s->w;

	if (w->open && pick(w, 3)) {
		if (!w->sink_fails) {
			assert_int_equal(write_node(w, w->open), 0);
			w->m.objects[w->open_object].content =
				w->content[w->open->id];
		}
		return;
	}
	if (!s->node || s->node->kind != OVERLAY_FILE)
		return;
	w->open = s->node;
	w->open_object = s->p->object;
	overlay_hold(w->o, w->open);
}

static void step_attr(struct step *s)
{
	struct overlay_attr attr = { .mode = pick(s->w, 2) ? 0600 : 0755 };

	if (s->node && outcome(s, overlay_set_attr(s->w->o, s->node, &attr), 0))
		object_of(s, s->p)->mode = (int)attr.mode;
}

static void step_xattr(struct step *s)
{
	uint8_t value = (uint8_t)(1 + pick(s->w, 3));
	const struct span span = { .p = &value, .len = 1 };

	if (!s->node)
		return;
	if (pick(s->w, 3)) {
		if (outcome(s,
			    overlay_set_xattr(s->w->o, s->node, "user.x", span),
			    0))
			object_of(s, s->p)->xattr = value;
	} else if (outcome(s, overlay_remove_xattr(s->w->o, s->node, "user.x"),
			   object_of(s, s->p)->xattr ? 0 : -ENODATA)) {
		object_of(s, s->p)->xattr = 0;
	}
}

static void step_pin(struct step *s)
{
	if (s->node && !s->w->sink_fails)
		assert_int_equal(overlay_pin(s->w->o, s->node), 0);
}

static void step_forget(struct step *s)
{
	if (s->w->open) {
		if (pick(s->w, 2))
			return;
		s->w->open = NULL;
	}
	overlay_forget_all(s->w->o);
}

static void (*const step_fns[])(struct step *s) = {
	step_create, step_create,    step_remove,    step_remove,
	step_rename, step_rename,    step_link,	     step_write,
	step_write,  step_attr,	     step_xattr,     step_pin,
	step_forget, step_open_file, step_open_file, step_unnamed,
};

static void one_step(struct world *w)
{
	struct step s;

	prepare(w, &s);
	w->sink_fails = !pick(w, 12);
	step_fns[pick(w, ARRAY_SIZE(step_fns))](&s);
	w->sink_fails = false;
}

static void start(struct world *w, uint32_t seed)
{
	*w = (struct world){ .records = BUF_INIT(TEXT_MAX),
			     .seed = seed,
			     .next_content = 1000 };
	w->o = new_overlay(w);
	model_start(&w->m);
}

static void finish(struct world *w)
{
	overlay_free(w->o);
	buf_release(&w->records);
}

static void check_origin(const struct overlay_origin *origin)
{
	const struct lower *l = find_lower("", origin->path);
	struct file_identity identity;

	CHECK(l != NULL, "origin '%s'", origin->path);
	identity = identity_of(l);
	assert_true(origin->kind == l->kind && origin->mode == 0644);
	assert_true(file_identity_equals(&origin->identity, &identity));
	assert_true(!origin->target == (l->kind != OVERLAY_SYMLINK));
	if (origin->has_hash)
		assert_int_equal(origin->hash[0], l->ino);
}

static void check_origins(struct overlay *a, struct overlay *b)
{
	assert_int_equal(overlay_origin_count(a), overlay_origin_count(b));
	for (size_t i = 0; i < overlay_origin_count(a); i++) {
		const struct overlay_origin *x = overlay_origin_at(a, i);
		const struct overlay_origin *y = overlay_origin_at(b, i);

		check_origin(x);
		check_origin(y);
		assert_string_equal(x->path, y->path);
		CHECK(x->has_hash == y->has_hash, "hash of '%s'", x->path);
		assert_ptr_equal(overlay_origin(a, x->path), x);
	}
}

/* What the guest changed or removed of the user's has an origin. */
static void check_touched(struct world *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(lowers); i++) {
		const struct lower *l = &lowers[i];
		/* Objects begin in the order of the table. */
		int object = 0;
		const struct object *now;

		if (l->kind != OVERLAY_FILE || l->links > 1)
			continue;
		while (object < w->m.objects_n) {
			now = &w->m.objects[object];
			if (now->content == (int)l->ino && now->mode == 0644 &&
			    model_links(&w->m, object))
				break;
			object++;
		}
		if (object == w->m.objects_n)
			CHECK(overlay_origin(w->o, l->path) != NULL,
			      "no origin of '%s'", l->path);
	}
}

static void check_view(struct world *w, struct overlay *o, const char *what,
		       uint32_t seed)
{
	auto_free char *want = model_text(&w->m);
	auto_free char *got = view_text(w, o);

	CHECK(!strcmp(want, got), "%s, seed %u:\nwant\n%s\ngot\n%s", what, seed,
	      want, got);
}

static void test_random_histories_match_the_model(void **state unused)
{
	struct world *w = xcalloc(1, sizeof(*w));

	for (uint32_t seed = 1; seed <= SEQUENCES; seed++) {
		struct span records;
		struct overlay *again;

		start(w, seed * 7919);
		for (int i = 0; i < STEPS; i++)
			one_step(w);
		check_view(w, w->o, "view", seed);
		check_touched(w);
		/* Looking has recorded names of linked files. */
		records = buf_span(&w->records);
		again = new_overlay(w);
		CHECK(overlay_replay(again, &records) == 0 && !records.len,
		      "seed %u", seed);
		check_view(w, again, "replayed", seed);
		check_origins(w->o, again);
		overlay_free(again);
		w->open = NULL;
		overlay_forget_all(w->o);
		check_view(w, w->o, "after forgetting", seed);
		finish(w);
	}
	free(w);
}

/* The first state from @at on that looks like this. */
static size_t find_state(char *const states[], size_t at, const char *text)
{
	while (at <= CUT_STEPS && strcmp(states[at], text) != 0)
		at++;
	return at;
}

static void check_cuts(struct world *w, char *const states[], uint32_t seed)
{
	size_t n = w->records.len, at = 0;

	for (size_t len = 0; len <= n; len++) {
		struct span records = { .p = w->records.data, .len = len };
		struct overlay *o = new_overlay(w);
		auto_free char *got = NULL;

		CHECK(overlay_replay(o, &records) == 0, "seed %u, %zu bytes",
		      seed, len);
		got = view_text(w, o);
		overlay_free(o);
		at = find_state(states, at, got);
		CHECK(at <= CUT_STEPS, "seed %u, %zu of %zu bytes:\n%s", seed,
		      len, n, got);
	}
	assert_string_equal(states[at], states[CUT_STEPS]);
}

static void test_every_cut_is_an_earlier_state(void **state unused)
{
	struct world *w = xcalloc(1, sizeof(*w));
	char *states[CUT_STEPS + 1];

	for (uint32_t seed = 1; seed <= CUT_SEQUENCES; seed++) {
		start(w, seed * 104729);
		w->written_once = true;
		states[0] = model_text(&w->m);
		for (size_t i = 1; i <= CUT_STEPS; i++) {
			one_step(w);
			states[i] = model_text(&w->m);
		}
		check_cuts(w, states, seed);
		for (size_t i = 0; i <= CUT_STEPS; i++)
			free(states[i]);
		finish(w);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories_match_the_model),
		cmocka_unit_test(test_every_cut_is_an_earlier_state),
	};

	return RUN_TESTS(tests);
}
