// SPDX-License-Identifier: Apache-2.0
/*
 * kernel.c - the life of a kernel description.
 */
#include "domain/kernel/kernel.h"

#include <stdlib.h>

void kernel_release(struct kernel *k)
{
	free(k->version);
	free(k->image_path);
	free(k->modules_dir);
	*k = KERNEL_INIT;
}
