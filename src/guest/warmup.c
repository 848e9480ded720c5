// SPDX-License-Identifier: Apache-2.0
/*
 * warmup.c - do the first-time work of the cryptography early.
 *
 * Nothing is checked: what fails here fails again where it matters.
 */
#include "guest/warmup.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#define WORK_SIZE 64 /* bytes; of a hash, a signature, a shared secret */

static void agree_on_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	unsigned char secret[WORK_SIZE];
	size_t len = sizeof(secret);

	if (ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	    EVP_PKEY_derive_set_peer(ctx, key) > 0)
		EVP_PKEY_derive(ctx, secret, &len);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void sign_and_verify(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_MD_CTX *signer = EVP_MD_CTX_new(), *verifier = EVP_MD_CTX_new();
	unsigned char text[WORK_SIZE] = { 0 }, signature[WORK_SIZE];
	size_t len = sizeof(signature);

	if (key && signer && verifier &&
	    EVP_DigestSignInit(signer, NULL, NULL, NULL, key) > 0 &&
	    EVP_DigestSign(signer, signature, &len, text, sizeof(text)) > 0 &&
	    EVP_DigestVerifyInit(verifier, NULL, NULL, NULL, key) > 0)
		EVP_DigestVerify(verifier, signature, len, text, sizeof(text));
	EVP_MD_CTX_free(signer);
	EVP_MD_CTX_free(verifier);
	EVP_PKEY_free(key);
}

static void hash_and_encrypt(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char key[WORK_SIZE] = { 0 }, text[WORK_SIZE] = { 0 };
	unsigned int hash_len = sizeof(text);
	int len = 0;

	EVP_Digest(key, sizeof(key), text, &hash_len, EVP_sha256(), NULL);
	if (ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, key))
		EVP_EncryptUpdate(ctx, text, &len, key, sizeof(key));
	EVP_CIPHER_CTX_free(ctx);
}

void warmup_crypto(void)
{
	unsigned char random[WORK_SIZE];

	RAND_bytes(random, sizeof(random));
	agree_on_key();
	sign_and_verify();
	hash_and_encrypt();
}
