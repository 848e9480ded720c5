// SPDX-License-Identifier: Apache-2.0
/*
 * guest_config.c - write and read the session's configuration for bbox-init.
 */
#include "domain/vm/guest_config.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/image/image.h"
#include "domain/vm/vm.h"
#include "domain/workspace/paths.h"

#define LIST_MAX ((size_t)4096) /* entries of image_env and of hosts */

enum type { TYPE_NUMBER, TYPE_BOOL, TYPE_TEXT, TYPE_LIST };

/* How a key is stored: the member's offset, and a number's maximum. */
static const struct key {
	const char *name;
	enum type type;
	size_t offset;
	uint32_t max;
} keys[] = {
	{ "layers", TYPE_NUMBER, offsetof(struct guest_config, layer_count),
	  IMAGE_LAYERS_MAX },
	{ "tmp_mib", TYPE_NUMBER, offsetof(struct guest_config, tmp_mib),
	  VM_TMP_MIB_MAX },
	{ "workspace", TYPE_BOOL, offsetof(struct guest_config, has_workspace),
	  1 },
	{ "workspace_read_only", TYPE_BOOL,
	  offsetof(struct guest_config, workspace_read_only), 1 },
	{ "hostname", TYPE_TEXT, offsetof(struct guest_config, hostname), 0 },
	{ "dns", TYPE_TEXT, offsetof(struct guest_config, dns), 0 },
	{ "env", TYPE_LIST, offsetof(struct guest_config, image_env), 0 },
	{ "host", TYPE_LIST, offsetof(struct guest_config, hosts), 0 },
	{ "mount", TYPE_LIST, offsetof(struct guest_config, mounts), 0 },
};

/* The types are those that the table gives, so the casts are right. */
static void *member(struct guest_config *c, const struct key *key)
{
	return (char *)c + key->offset;
}

static const void *const_member(const struct guest_config *c,
				const struct key *key)
{
	return (const char *)c + key->offset;
}

void guest_config_release(struct guest_config *c)
{
	free(c->hostname);
	free(c->dns);
	strv_release(&c->image_env);
	strv_release(&c->hosts);
	strv_release(&c->mounts);
	*c = GUEST_CONFIG_INIT;
}

static int write_text(const char *name, const char *value, struct buf *out,
		      struct err *err)
{
	if (buf_addf(out, err, "%s=", name) < 0)
		return -1;
	for (; *value; value++) {
		const char plain[] = { *value, '\0' };
		const char *text = *value == '\n'   ? "\\n"
				   : *value == '\\' ? "\\\\"
						    : plain;

		if (buf_adds(out, text, err) < 0)
			return -1;
	}
	return buf_addc(out, '\n', err);
}

static int write_key(const struct guest_config *c, const struct key *key,
		     struct buf *out, struct err *err)
{
	const void *p = const_member(c, key);
	const struct strv *list = p;
	const char *text;

	switch (key->type) {
	case TYPE_NUMBER:
		return buf_addf(out, err, "%s=%u\n", key->name,
				*(const uint32_t *)p);
	case TYPE_BOOL:
		return buf_addf(out, err, "%s=%d\n", key->name,
				*(const bool *)p);
	case TYPE_TEXT:
		text = *(char *const *)p;
		return text ? write_text(key->name, text, out, err) : 0;
	case TYPE_LIST:
		for (size_t i = 0; i < list->n; i++) {
			if (write_text(key->name, list->v[i], out, err) < 0)
				return -1;
		}
		return 0;
	}
	return 0;
}

int guest_config_write(const struct guest_config *c, struct buf *out,
		       struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (write_key(c, &keys[i], out, err) < 0)
			return err_wrap(err, "guest configuration");
	}
	return 0;
}

/* Undoes the escapes; NULL when there are others, or a NUL. Caller frees. */
static char *unescape(struct span value)
{
	auto_free char *text = xmalloc(value.len + 1);
	const char *p = value.p;
	size_t n = 0;

	for (size_t i = 0; i < value.len; i++, n++) {
		text[n] = p[i];
		if (!p[i])
			return NULL;
		if (p[i] != '\\')
			continue;
		if (++i == value.len || (p[i] != 'n' && p[i] != '\\'))
			return NULL;
		text[n] = p[i] == 'n' ? '\n' : '\\';
	}
	text[n] = '\0';
	return take_ptr(text);
}

/* Takes over *@text where it keeps it; false for a value out of bounds. */
static bool store(const struct key *key, char **text, struct guest_config *c)
{
	void *p = member(c, key);
	struct strv *list = p;
	uint64_t number;

	switch (key->type) {
	case TYPE_NUMBER:
		if (!text_parse_u64(*text, key->max, &number))
			return false;
		*(uint32_t *)p = (uint32_t)number;
		return true;
	case TYPE_BOOL:
		if (!text_parse_u64(*text, key->max, &number))
			return false;
		*(bool *)p = number;
		return true;
	case TYPE_TEXT:
		*(char **)p = take_ptr(*text);
		return true;
	case TYPE_LIST:
		if (list->n >= LIST_MAX)
			return false;
		strv_add(list, *text);
		return true;
	}
	return false;
}

static bool read_line(struct span line, uint32_t *seen, struct guest_config *c)
{
	auto_free char *text = NULL;
	size_t len = line.len;
	struct span name;

	if (!span_take_until(&line, '=', &name) || name.len == len)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!span_equals(name, keys[i].name))
			continue;
		if (keys[i].type != TYPE_LIST && (*seen & 1U << i))
			return false;
		*seen |= 1U << i;
		text = unescape(line);
		return text && store(&keys[i], &text, c);
	}
	return false;
}

int guest_config_read(struct span text, struct guest_config *out,
		      struct err *err)
{
	cleanup_with(guest_config_release) struct guest_config c =
		GUEST_CONFIG_INIT;
	struct span line;
	uint32_t seen = 0;

	if (text.len > GUEST_CONFIG_MAX)
		return err_set(err, ERR_INVALID,
			       "guest configuration exceeds %zu bytes",
			       GUEST_CONFIG_MAX);
	for (size_t n = 1; span_take_until(&text, '\n', &line); n++) {
		if (!read_line(line, &seen, &c))
			return err_set(err, ERR_INVALID,
				       "guest configuration, line %zu: bad "
				       "key or value",
				       n);
	}
	guest_config_release(out);
	*out = c;
	c = GUEST_CONFIG_INIT;
	return 0;
}

void guest_mount_release(struct guest_mount *m)
{
	free(m->tag);
	free(m->path);
	*m = GUEST_MOUNT_INIT;
}

bool guest_mount_read(const char *text, struct guest_mount *out)
{
	struct span rest = SPAN_STR(text), mode, tag;

	guest_mount_release(out);
	if (!span_take_until(&rest, ' ', &mode) ||
	    !span_take_until(&rest, ' ', &tag) || !tag.len || rest.len < 2 ||
	    *(const char *)rest.p != '/')
		return false;
	out->read_only = span_equals(mode, "ro");
	if (!out->read_only && !span_equals(mode, "rw"))
		return false;
	out->tag = xmemdup0(tag.p, tag.len);
	out->path = xmemdup0((const char *)rest.p + 1, rest.len - 1);
	return path_is_plain(out->path);
}
