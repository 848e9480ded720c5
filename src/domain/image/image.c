// SPDX-License-Identifier: Apache-2.0
/*
 * image.c - the life of an image description.
 */
#include "domain/image/image.h"

#include <stdlib.h>

void image_release(struct image *image)
{
	for (size_t i = 0; i < image->layer_count; i++)
		free(image->layers[i].path);
	strv_release(&image->env);
	strv_release(&image->entrypoint);
	strv_release(&image->cmd);
	free(image->working_dir);
	free(image->user);
	free(image->ref);
	*image = IMAGE_INIT;
}
