// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_iov.c - a cursor over memory in pieces.
 */
#include "infra/vfs/fuse_iov.h"

#include <string.h>

/*
 * Takes the next piece, at most @len bytes and not empty. False when there is
 * none.
 */
static bool next_piece(struct fuse_iov *v, size_t len, struct iovec *out)
{
	size_t n;

	if (len > v->left)
		len = v->left;
	while (v->count && v->used == v->iov->iov_len) {
		v->iov++;
		v->count--;
		v->used = 0;
	}
	if (!len || !v->count)
		return false;
	n = v->iov->iov_len - v->used;
	if (n > len)
		n = len;
	*out = (struct iovec){ .iov_base = (char *)v->iov->iov_base + v->used,
			       .iov_len = n };
	v->used += n;
	v->left -= n;
	return true;
}

size_t fuse_iov_size(const struct iovec *iov, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

bool fuse_iov_skip(struct fuse_iov *v, size_t len)
{
	struct fuse_iov at = *v;
	struct iovec piece;

	while (len && next_piece(&at, len, &piece))
		len -= piece.iov_len;
	if (len)
		return false;
	*v = at;
	return true;
}

size_t fuse_iov_peek(const struct fuse_iov *v, void *out, size_t len)
{
	struct fuse_iov at = *v;
	struct iovec piece;
	size_t done = 0;

	while (next_piece(&at, len - done, &piece)) {
		memcpy((char *)out + done, piece.iov_base, piece.iov_len);
		done += piece.iov_len;
	}
	return done;
}

bool fuse_iov_take(struct fuse_iov *v, void *out, size_t len)
{
	return len <= v->left && fuse_iov_peek(v, out, len) == len &&
	       fuse_iov_skip(v, len);
}

bool fuse_iov_put(struct fuse_iov *v, const void *p, size_t len)
{
	struct iovec piece;
	size_t done = 0;

	if (len > v->left)
		return false;
	while (next_piece(v, len - done, &piece)) {
		memcpy(piece.iov_base, (const char *)p + done, piece.iov_len);
		done += piece.iov_len;
	}
	return done == len;
}

int fuse_iov_slice(const struct fuse_iov *v, size_t len, struct iovec *out)
{
	struct fuse_iov at = *v;
	int n = 0;

	while (next_piece(&at, len, &out[n]))
		len -= out[n++].iov_len;
	return n;
}
