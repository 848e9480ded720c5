// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_pin.c - which guest kernel this bbox uses, byte for byte.
 */
#include "infra/kernel/kernel_pin.h"

#include <string.h>

#include "base/mem.h"

static const struct kernel_pin pins[] = {
	{
		.arch = "amd64",
		.package = "linux-image-6.1.0-50-cloud-amd64",
		.version = "6.1.176-1",
		.release = "6.1.0-50-cloud-amd64",
		.sha256 = "efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603"
			  "a9152590baa791",
		.size = 26484304,
	},
};

const struct kernel_pin *kernel_pin_find(const char *arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
		if (strcmp(pins[i].arch, arch) == 0)
			return &pins[i];
	return NULL;
}

const char *kernel_pin_host_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
	return "unknown";
#endif
}

char *kernel_pin_file_name(const struct kernel_pin *pin)
{
	return xasprintf("%s_%s_%s.deb", pin->package, pin->version, pin->arch);
}
