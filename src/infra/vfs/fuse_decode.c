// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_decode.c - copy a FUSE request out of guest memory and check its form.
 */
#include "infra/vfs/fuse_decode.h"

#include <errno.h>
#include <limits.h>
#include <linux/xattr.h>
#include <string.h>

static_assert(sizeof(struct fuse_in_header) == 40, "FUSE 7");
static_assert(FUSE_TEXT_MAX == PATH_MAX - 1 && NAME_MAX < FUSE_TEXT_MAX &&
		      XATTR_NAME_MAX < FUSE_TEXT_MAX,
	      "each kind of string has room");

int fuse_decode_header(const struct fuse_iov *in, struct fuse_message *out)
{
	memset(&out->header, 0, sizeof(out->header));
	out->data = *in;
	if (!fuse_iov_take(&out->data, &out->header, sizeof(out->header)))
		return -EINVAL;
	/* Extensions are sent by agreement only, and we agree on none. */
	if (out->header.len != in->left || out->header.total_extlen)
		return -EINVAL;
	return 0;
}

static int check_component(const char *s, size_t len)
{
	/* An honest kernel leaves this limit to us. */
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (!len || memchr(s, '/', len) || !strcmp(s, ".") || !strcmp(s, ".."))
		return -EINVAL;
	return 0;
}

static int check_string(enum fuse_string kind, const char *s, size_t len)
{
	switch (kind) {
	case FUSE_STRING_NAME:
		return check_component(s, len);
	case FUSE_STRING_TARGET:
		return len ? 0 : -EINVAL;
	case FUSE_STRING_XATTR:
		if (len > XATTR_NAME_MAX)
			return -ERANGE;
		return len ? 0 : -EINVAL;
	case FUSE_STRING_ANY:
		return 0;
	case FUSE_STRING_NONE:
	case FUSE_STRING_COUNT:
		break;
	}
	return -EINVAL;
}

static int take_string(struct fuse_iov *data, enum fuse_string kind, char *out)
{
	size_t n = fuse_iov_peek(data, out, FUSE_TEXT_MAX + 1), len;
	const char *end = memchr(out, '\0', n);

	if (!end)
		return n > FUSE_TEXT_MAX ? -ENAMETOOLONG : -EINVAL;
	len = (size_t)(end - out);
	if (!fuse_iov_skip(data, len + 1))
		return -EINVAL;
	return check_string(kind, out, len);
}

int fuse_decode_body(const struct fuse_shape *shape, struct fuse_message *m)
{
	size_t min = shape->args_min ? shape->args_min : shape->args;
	size_t len = m->data.left < shape->args ? m->data.left : shape->args;
	int r;

	assert(shape->args <= sizeof(m->args));
	memset(&m->args, 0, sizeof(m->args));
	if (len < min || !fuse_iov_take(&m->data, &m->args, len))
		return -EINVAL;
	for (size_t i = 0; i < FUSE_STRINGS_MAX; i++) {
		m->text[i][0] = '\0';
		if (shape->strings[i] == FUSE_STRING_NONE)
			continue;
		r = take_string(&m->data, shape->strings[i], m->text[i]);
		if (r < 0)
			return r;
	}
	return m->data.left && !shape->has_data ? -EINVAL : 0;
}
