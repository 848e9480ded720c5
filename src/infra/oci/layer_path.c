// SPDX-License-Identifier: Apache-2.0
/*
 * layer_path.c - names inside a layer: cleaned lexically, never resolved.
 */
#include "infra/oci/layer_path.h"

#include <string.h>

#include "base/text.h"

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME	".wh..wh..opq"

static bool is_dot(const char *name, size_t len)
{
	return !len || (len == 1 && name[0] == '.');
}

static bool is_dot_dot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

/* Moves *@cursor past one component and its slash; false at the end. */
static bool next_component(const char **cursor, const char **name, size_t *len)
{
	const char *p = *cursor;

	if (!*p)
		return false;
	*name = p;
	*len = strcspn(p, "/");
	p += *len;
	*cursor = *p ? p + 1 : p;
	return true;
}

static void drop_last(struct layer_path *path, size_t *used)
{
	const char *slash = memrchr(path->text, '/', *used);

	*used = slash ? (size_t)(slash - path->text) : 0;
	path->depth--;
}

static int append(struct layer_path *path, size_t *used, const char *name,
		  size_t len, struct err *err)
{
	size_t separator = *used ? 1 : 0;

	if (len > LAYER_NAME_MAX)
		return err_set(err, ERR_LIMIT,
			       "name '%.32s...' exceeds %d bytes", name,
			       LAYER_NAME_MAX);
	if (path->depth == LAYER_DEPTH_MAX)
		return err_set(err, ERR_LIMIT,
			       "path '%.64s...' is deeper "
			       "than %d directories",
			       path->text, LAYER_DEPTH_MAX);
	if (separator + len >= sizeof(path->text) - *used)
		return err_set(err, ERR_LIMIT,
			       "path '%.64s...' exceeds %d bytes", path->text,
			       LAYER_PATH_MAX - 1);
	if (separator)
		path->text[(*used)++] = '/';
	memcpy(path->text + *used, name, len);
	*used += len;
	path->depth++;
	return 0;
}

int layer_path_clean(const char *raw, struct layer_path *out, struct err *err)
{
	const bool absolute = raw[0] == '/';
	const char *cursor = raw;
	const char *name;
	size_t len;
	size_t used = 0;

	out->depth = 0;
	out->escapes = false;
	while (next_component(&cursor, &name, &len)) {
		if (is_dot(name, len))
			continue;
		if (!is_dot_dot(name, len)) {
			if (append(out, &used, name, len, err) < 0)
				return -1;
			continue;
		}
		if (out->depth) {
			drop_last(out, &used);
		} else if (!absolute) {
			out->escapes = true;
			break;
		}
	}
	out->text[used] = '\0';
	return 0;
}

int layer_path_check_target(const struct layer_path *link, const char *target,
			    struct err *err)
{
	const char *cursor = target;
	const char *name;
	size_t len;
	/* The link lies in a directory: its own name does not count. */
	size_t depth = target[0] == '/' ? 0 : link->depth - 1;

	if (!*target)
		return err_set(err, ERR_INVALID, "symlink '%s' has no target",
			       link->text);
	if (strlen(target) >= LAYER_PATH_MAX)
		return err_set(err, ERR_LIMIT,
			       "target of symlink '%s' exceeds %d bytes",
			       link->text, LAYER_PATH_MAX - 1);
	while (next_component(&cursor, &name, &len)) {
		if (is_dot(name, len))
			continue;
		if (!is_dot_dot(name, len)) {
			depth++;
			continue;
		}
		if (!depth)
			return err_set(err, ERR_INVALID,
				       "symlink '%s' points outside the root "
				       "('%.128s')",
				       link->text, target);
		depth--;
	}
	return 0;
}

const char *layer_path_leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

enum layer_whiteout layer_path_whiteout(const char *leaf, const char **name)
{
	if (!strcmp(leaf, OPAQUE_NAME))
		return LAYER_OPAQUE;
	if (!text_starts_with(leaf, WHITEOUT_PREFIX))
		return LAYER_NO_WHITEOUT;
	*name = leaf + strlen(WHITEOUT_PREFIX);
	return LAYER_WHITEOUT;
}
