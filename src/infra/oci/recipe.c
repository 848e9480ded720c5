// SPDX-License-Identifier: Apache-2.0
/*
 * recipe.c - read a recipe: every key by a table, every value by its rule.
 *
 * Theory of operation
 *
 * A mapping is described by a table of fields; a field says its key, its type
 * and where in the struct its value goes. A key without a field is an error,
 * so that a misspelt key is not silently a missing one. When all is read,
 * recipe_check.c looks at the values.
 */
#include "infra/oci/recipe.h"

#include <string.h>

#include <libfyaml.h>

#include "base/mem.h"
#include "infra/oci/recipe_check.h"

#define TEXT_MAX ((size_t)16 * 1024) /* bytes of one scalar */
#define LIST_MAX 256		     /* entries */

struct field {
	const char *key;
	int (*read)(struct fy_node *value, const struct field *f, void *object,
		    struct err *err);
	size_t offset; /* of the member in the object */
};

#define FIELD(key_, read_, type, member)         \
	{                                        \
		.key = (key_), .read = (read_),  \
		.offset = offsetof(type, member) \
	}

static void *member_of(void *object, const struct field *f)
{
	return (char *)object + f->offset;
}

/* A copy of a scalar; the caller frees. */
static int scalar(struct fy_node *node, const char *what, char **out,
		  struct err *err)
{
	const char *text;
	size_t len = 0;

	if (!node || !fy_node_is_scalar(node) || fy_node_is_alias(node))
		return err_set(err, ERR_INVALID, "'%s' is not a text", what);
	text = fy_node_get_scalar(node, &len);
	if (len > TEXT_MAX)
		return err_set(err, ERR_LIMIT, "'%s' exceeds %zu bytes", what,
			       TEXT_MAX);
	if (len && memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, "'%s' holds a NUL", what);
	*out = xmemdup0(len ? text : "", len);
	return 0;
}

static int read_text(struct fy_node *value, const struct field *f, void *object,
		     struct err *err)
{
	char **out = member_of(object, f);

	return scalar(value, f->key, out, err);
}

static int read_number(struct fy_node *value, const struct field *f,
		       void *object, int base, struct err *err)
{
	auto_free char *text = NULL;
	uint64_t *out = member_of(object, f);
	const char *digits = base == 8 ? "01234567" : "0123456789";

	if (scalar(value, f->key, &text, err) < 0)
		return -1;
	/* 18 digits of either base fit. */
	if (!*text || strlen(text) > 18 || text[strspn(text, digits)])
		return err_set(err, ERR_INVALID, "'%s' is not a number: '%s'",
			       f->key, text);
	*out = strtoull(text, NULL, base);
	return 0;
}

static int read_decimal(struct fy_node *value, const struct field *f,
			void *object, struct err *err)
{
	return read_number(value, f, object, 10, err);
}

static int read_octal(struct fy_node *value, const struct field *f,
		      void *object, struct err *err)
{
	return read_number(value, f, object, 8, err);
}

static int check_sequence(struct fy_node *value, const char *what, int max,
			  struct err *err)
{
	if (!fy_node_is_sequence(value))
		return err_set(err, ERR_INVALID, "'%s' is not a list", what);
	if (fy_node_sequence_item_count(value) > max)
		return err_set(err, ERR_LIMIT, "'%s' exceeds %d entries", what,
			       max);
	return 0;
}

static int read_list(struct fy_node *value, const struct field *f, void *object,
		     struct err *err)
{
	struct strv *out = member_of(object, f);
	struct fy_node *item;
	void *iter = NULL;

	if (check_sequence(value, f->key, LIST_MAX, err) < 0)
		return -1;
	while ((item = fy_node_sequence_iterate(value, &iter))) {
		auto_free char *text = NULL;

		if (scalar(item, f->key, &text, err) < 0)
			return -1;
		strv_add(out, text);
	}
	return 0;
}

static int read_mapping(struct fy_node *node, const char *what,
			const struct field *fields, size_t n, void *object,
			struct err *err)
{
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!node || !fy_node_is_mapping(node))
		return err_set(err, ERR_INVALID, "'%s' is not a mapping", what);
	while ((pair = fy_node_mapping_iterate(node, &iter))) {
		auto_free char *key = NULL;
		size_t i = 0;

		if (scalar(fy_node_pair_key(pair), what, &key, err) < 0)
			return -1;
		while (i < n && strcmp(fields[i].key, key) != 0)
			i++;
		if (i == n)
			return err_set(err, ERR_INVALID,
				       "unknown key '%.64s' in '%s'", key,
				       what);
		if (fields[i].read(fy_node_pair_value(pair), &fields[i], object,
				   err) < 0)
			return -1;
	}
	return 0;
}

static const struct field pick_fields[] = {
	FIELD("from", read_text, struct recipe_pick, from),
	FIELD("to", read_text, struct recipe_pick, to),
	FIELD("mode", read_octal, struct recipe_pick, mode),
};

static int read_picks(struct fy_node *value, const struct field *f,
		      void *object, struct err *err)
{
	struct recipe_npm *npm = object;
	struct fy_node *item;
	void *iter = NULL;

	if (check_sequence(value, f->key, RECIPE_PICKS_MAX, err) < 0)
		return -1;
	while ((item = fy_node_sequence_iterate(value, &iter))) {
		struct recipe_pick *pick = &npm->picks[npm->pick_count++];

		if (read_mapping(item, f->key, pick_fields,
				 ARRAY_SIZE(pick_fields), pick, err) < 0)
			return -1;
	}
	return 0;
}

static const struct field npm_fields[] = {
	FIELD("arch", read_text, struct recipe_npm, arch),
	FIELD("package", read_text, struct recipe_npm, package),
	FIELD("version", read_text, struct recipe_npm, version),
	FIELD("integrity", read_text, struct recipe_npm, integrity),
	FIELD("size", read_decimal, struct recipe_npm, size),
	FIELD("files", read_picks, struct recipe_npm, picks),
};

static int read_npm(struct fy_node *value, const struct field *f, void *object,
		    struct err *err)
{
	struct recipe *r = object;
	struct fy_node *item;
	void *iter = NULL;

	if (check_sequence(value, f->key, RECIPE_NPM_MAX, err) < 0)
		return -1;
	while ((item = fy_node_sequence_iterate(value, &iter))) {
		struct recipe_npm *npm = &r->npm[r->npm_count++];

		if (read_mapping(item, f->key, npm_fields,
				 ARRAY_SIZE(npm_fields), npm, err) < 0)
			return -1;
	}
	return 0;
}

static const struct field file_fields[] = {
	FIELD("path", read_text, struct recipe_file, path),
	FIELD("link", read_text, struct recipe_file, link),
	FIELD("text", read_text, struct recipe_file, text),
	FIELD("mode", read_octal, struct recipe_file, mode),
	FIELD("owner", read_decimal, struct recipe_file, owner),
};

static int read_files(struct fy_node *value, const struct field *f,
		      void *object, struct err *err)
{
	struct recipe *r = object;
	struct fy_node *item;
	void *iter = NULL;

	if (check_sequence(value, f->key, RECIPE_FILES_MAX, err) < 0)
		return -1;
	while ((item = fy_node_sequence_iterate(value, &iter))) {
		struct recipe_file *file = &r->files[r->file_count++];

		if (read_mapping(item, f->key, file_fields,
				 ARRAY_SIZE(file_fields), file, err) < 0)
			return -1;
	}
	return 0;
}

static const struct field debian_fields[] = {
	FIELD("suite", read_text, struct recipe, suite),
	FIELD("packages", read_list, struct recipe, packages),
	FIELD("exclude", read_list, struct recipe, exclude),
	FIELD("include", read_list, struct recipe, include),
	FIELD("user", read_text, struct recipe, debian_user),
};

static int read_debian(struct fy_node *value, const struct field *f,
		       void *object, struct err *err)
{
	return read_mapping(value, f->key, debian_fields,
			    ARRAY_SIZE(debian_fields), object, err);
}

static const struct field recipe_fields[] = {
	FIELD("name", read_text, struct recipe, name),
	FIELD("from", read_text, struct recipe, from),
	FIELD("debian", read_debian, struct recipe, suite),
	FIELD("npm", read_npm, struct recipe, npm),
	FIELD("files", read_files, struct recipe, files),
	FIELD("env", read_list, struct recipe, env),
	FIELD("entrypoint", read_list, struct recipe, entrypoint),
	FIELD("cmd", read_list, struct recipe, cmd),
	FIELD("user", read_text, struct recipe, user),
	FIELD("working_dir", read_text, struct recipe, working_dir),
};

/* The library would print its messages: it shall collect them for us. */
static void discard_message(struct fy_diag *diag unused, void *user unused,
			    const char *buf unused, size_t len unused)
{
}

static struct fy_diag *new_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = discard_message;
	diag = fy_diag_create(&cfg);
	if (!diag)
		abort(); /* out of memory, as in mem.h */
	fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int syntax_error(struct fy_diag *diag, struct err *err)
{
	void *iter = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iter);

	if (!first)
		return err_set(err, ERR_INVALID, "not valid YAML");
	return err_set(err, ERR_INVALID, "not valid YAML: line %d: %s",
		       first->line, first->msg);
}

static int parse(struct span yaml, struct fy_diag *diag, struct recipe *out,
		 struct err *err)
{
	const struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_JSON_NONE,
		.diag = diag,
	};
	struct fy_document *doc =
		fy_document_build_from_string(&cfg, yaml.p, yaml.len);
	int r;

	if (!doc)
		return syntax_error(diag, err);
	r = read_mapping(fy_document_root(doc), "recipe", recipe_fields,
			 ARRAY_SIZE(recipe_fields), out, err);
	fy_document_destroy(doc);
	return r;
}

/*
 * Recipes are plain text, and have no use for YAML directives ("%YAML 1.2"),
 * at which libfyaml 0.7.12 can loop for ever.
 */
static int check_text(struct span yaml, struct err *err)
{
	const char *p = yaml.p;

	for (size_t i = 0; i < yaml.len; i++) {
		const bool line_start = !i || p[i - 1] == '\n';

		if (p[i] != '\n' && p[i] != '\t' && (p[i] < ' ' || p[i] > '~'))
			return err_set(err, ERR_INVALID,
				       "byte %zu is not plain text", i);
		if (line_start && p[i] == '%')
			return err_set(err, ERR_INVALID,
				       "byte %zu starts a directive", i);
	}
	return 0;
}

int recipe_parse(struct span yaml, struct recipe *out, struct err *err)
{
	struct fy_diag *diag;
	int r;

	if (yaml.len > RECIPE_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "recipe exceeds %zu bytes",
			       RECIPE_SIZE_MAX);
	if (check_text(yaml, err) < 0)
		return err_wrap(err, "recipe");
	diag = new_diag();
	r = parse(yaml, diag, out, err);
	fy_diag_destroy(diag);
	if (r < 0 || recipe_check(out, err) < 0)
		return err_wrap(err, "recipe");
	return 0;
}

static void release_npm(struct recipe_npm *npm)
{
	free(npm->arch);
	free(npm->package);
	free(npm->version);
	free(npm->integrity);
	for (size_t i = 0; i < npm->pick_count; i++) {
		free(npm->picks[i].from);
		free(npm->picks[i].to);
	}
}

void recipe_release(struct recipe *r)
{
	for (size_t i = 0; i < r->npm_count; i++)
		release_npm(&r->npm[i]);
	for (size_t i = 0; i < r->file_count; i++) {
		free(r->files[i].path);
		free(r->files[i].link);
		free(r->files[i].text);
	}
	strv_release(&r->packages);
	strv_release(&r->exclude);
	strv_release(&r->include);
	strv_release(&r->env);
	strv_release(&r->entrypoint);
	strv_release(&r->cmd);
	free(r->name);
	free(r->from);
	free(r->suite);
	free(r->debian_user);
	free(r->user);
	free(r->working_dir);
	*r = RECIPE_INIT;
}
