// SPDX-License-Identifier: Apache-2.0
/*
 * nss_stub.c - stand-ins for the functions by which a static program still
 * loads code at run time.
 *
 * libssh and libcrypto refer to look-ups of users and hosts, and to plug-ins.
 * In a static program the C library serves these by loading shared objects
 * that it finds in the root; in the guest that would be code of the image, in
 * a process with privileges. Nothing we use needs them, so they refuse. The
 * linker takes these definitions instead of the library's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

#include "base/macros.h"

/*
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C
 * library's headers name them in its own, reserved way.
 */
struct passwd *getpwnam(const char *name unused)
{
	errno = ENOENT;
	return NULL;
}

int getpwuid_r(uid_t uid unused, struct passwd *entry unused, char *text unused,
	       size_t size unused, struct passwd **out)
{
	*out = NULL;
	return ENOENT;
}

int getaddrinfo(const char *host unused, const char *service unused,
		const struct addrinfo *hints unused,
		struct addrinfo **out unused)
{
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list unused)
{
}

int getnameinfo(const struct sockaddr *restrict address unused,
		socklen_t len unused, char *restrict host unused,
		socklen_t host_len unused, char *restrict service unused,
		socklen_t service_len unused, int flags unused)
{
	return EAI_FAIL;
}

/*
 * It expands "~user". The names are given as they are linked, because <glob.h>
 * replaces them where offsets have 64 bits.
 */
int refuse_glob(const char *pattern, int flags,
		int (*on_error)(const char *path, int error),
		void *out) __asm__("glob");
void refuse_globfree(void *list) __asm__("globfree");

int refuse_glob(const char *pattern unused, int flags unused,
		int (*on_error)(const char *path, int error) unused,
		void *out unused)
{
	const int no_match = 3; /* GLOB_NOMATCH */

	return no_match;
}

void refuse_globfree(void *list unused)
{
}

struct hostent *gethostbyname(const char *name unused)
{
	return NULL;
}

void *dlopen(const char *file unused, int mode unused)
{
	return NULL;
}

int dlclose(void *handle unused)
{
	return -1;
}

void *dlsym(void *restrict handle unused, const char *restrict name unused)
{
	return NULL;
}

char *dlerror(void)
{
	static char text[] = "plug-ins are refused";

	return text;
}

int dladdr(const void *address unused, Dl_info *out unused)
{
	return 0;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
