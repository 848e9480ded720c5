// SPDX-License-Identifier: Apache-2.0
/*
 * gssapi_stub.c - stand-ins for the GSSAPI functions that libssh.a calls.
 *
 * Distributions build libssh with Kerberos support, and have no static
 * library for it. bbox-init offers public keys as the only way to
 * authenticate, so none of this is ever reached; should it be, it refuses.
 *
 * The types are ours: libssh only passes them through, and the headers of the
 * real library need not be there to build. All are pointers or 32-bit numbers.
 */
#include <stddef.h>
#include <stdint.h>

#define GSS_S_UNAVAILABLE (16U << 16) /* RFC 2744, 3.9.1 */

/* Declared here because nobody else may use them. */
#define STUB(name)                        \
	uint32_t name(void);              \
	uint32_t name(void)               \
	{                                 \
		return GSS_S_UNAVAILABLE; \
	}

STUB(gss_accept_sec_context)
STUB(gss_acquire_cred)
STUB(gss_add_oid_set_member)
STUB(gss_create_empty_oid_set)
STUB(gss_display_name)
STUB(gss_display_status)
STUB(gss_get_mic)
STUB(gss_import_name)
STUB(gss_indicate_mechs)
STUB(gss_init_sec_context)
STUB(gss_inquire_cred)
STUB(gss_inquire_cred_by_mech)
STUB(gss_release_buffer)
STUB(gss_release_cred)
STUB(gss_release_name)
STUB(gss_release_oid_set)
STUB(gss_test_oid_set_member)
STUB(gss_verify_mic)

/* Object identifiers, which only the functions above would look at. */
extern const void *const GSS_C_NT_HOSTBASED_SERVICE;
extern const void *const GSS_C_NT_USER_NAME;
const void *const GSS_C_NT_HOSTBASED_SERVICE = NULL;
const void *const GSS_C_NT_USER_NAME = NULL;
