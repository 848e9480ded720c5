// SPDX-License-Identifier: Apache-2.0
/*
 * hash.c - digests by libcrypto's EVP interface.
 *
 * Nothing here can fail but for lack of memory, which aborts (see mem.h).
 */
/* First of all: our macro "unused" would get in the way of its attributes. */
#include <openssl/evp.h>

#include "infra/sys/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_CHUNK ((size_t)64 * 1024) /* bytes */

struct hash {
	EVP_MD_CTX *ctx;
	bool ended;
};

struct hash *hash_new(enum hash_algorithm algorithm)
{
	struct hash *h = xcalloc(1, sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx ||
	    EVP_DigestInit_ex(h->ctx,
			      algorithm == HASH_SHA512 ? EVP_sha512()
						       : EVP_sha256(),
			      /* engine */ NULL) != 1)
		abort();
	return h;
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void hash_add(struct hash *h, const void *p, size_t len)
{
	assert(!h->ended);
	if (EVP_DigestUpdate(h->ctx, p, len) != 1)
		abort();
}

static size_t finish(struct hash *h, unsigned char out[EVP_MAX_MD_SIZE])
{
	unsigned int len = 0;

	assert(!h->ended);
	if (EVP_DigestFinal_ex(h->ctx, out, &len) != 1)
		abort();
	h->ended = true;
	return len;
}

static void to_hex(const unsigned char *digest, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[digest[i] >> 4];
		*out++ = digits[digest[i] & 0xf];
	}
	*out = '\0';
}

char *hash_hex(struct hash *h)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t len = finish(h, digest);
	char *hex = xmalloc(2 * len + 1);

	to_hex(digest, len, hex);
	return hex;
}

char *hash_base64(struct hash *h)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t len = finish(h, digest);
	/* Four characters for each three bytes begun, and the NUL. */
	unsigned char *text = xmalloc(4 * ((len + 2) / 3) + 1);

	EVP_EncodeBlock(text, digest, (int)len);
	return (char *)text;
}

void hash_sha256(const void *p, size_t len, char out[SHA256_HEX_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	auto_hash struct hash *h = hash_new(HASH_SHA256);

	hash_add(h, p, len);
	to_hex(digest, finish(h, digest), out);
}

int hash_sha256_fd(int fd, char out[SHA256_HEX_SIZE], struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	auto_hash struct hash *h = hash_new(HASH_SHA256);
	auto_free char *chunk = xmalloc(READ_CHUNK);
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read");
		if (!n)
			break;
		hash_add(h, chunk, (size_t)n);
	}
	to_hex(digest, finish(h, digest), out);
	return 0;
}
