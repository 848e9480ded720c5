/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - SHA-256 and SHA-512 by libcrypto, SHA-256 as lower-case hex.
 */
#ifndef BBOX_INFRA_SYS_HASH_H
#define BBOX_INFRA_SYS_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHA256_HEX_LEN	64
#define SHA256_HEX_SIZE (SHA256_HEX_LEN + 1) /* with the NUL */

enum hash_algorithm { HASH_SHA256, HASH_SHA512 };

struct hash; /* a running hash */

must_check struct hash *hash_new(enum hash_algorithm algorithm);
void hash_free(struct hash *h);
void hash_add(struct hash *h, const void *p, size_t len);
/* Hex of the digest, lower case; the caller frees. Ends the hash. */
must_check char *hash_hex(struct hash *h);
/* Standard base64 of the digest, as npm's "integrity"; the caller frees. */
must_check char *hash_base64(struct hash *h);

static inline void hash_free_ptr(struct hash **h)
{
	hash_free(*h);
}
#define auto_hash cleanup_with(hash_free_ptr)

void hash_sha256(const void *p, size_t len, char out[SHA256_HEX_SIZE]);
/* Hashes from the current offset to the end of file. */
must_check int hash_sha256_fd(int fd, char out[SHA256_HEX_SIZE],
			      struct err *err);

#endif /* BBOX_INFRA_SYS_HASH_H */
