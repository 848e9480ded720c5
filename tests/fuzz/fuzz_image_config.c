// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_image_config.c - an accepted configuration is written and read again
 * the same, and its diff ids can be part of a path.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "infra/oci/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_image struct image first = IMAGE_INIT;
	auto_image struct image second = IMAGE_INIT;
	auto_buf struct buf json = BUF_INIT(8 * IMAGE_CONFIG_SIZE_MAX);
	struct err err = ERR_INIT;

	if (image_config_parse((struct span){ data, size }, &first, &err) < 0)
		return 0;
	for (size_t i = 0; i < first.layer_count; i++)
		INVARIANT(!strchr(first.layers[i].diff_id, '/'));
	INVARIANT(image_config_write(&first, &json, &err) == 0);
	if (json.len > IMAGE_CONFIG_SIZE_MAX)
		return 0;
	INVARIANT(image_config_parse(buf_span(&json), &second, &err) == 0);
	INVARIANT(second.env.n == first.env.n);
	INVARIANT(second.layer_count == first.layer_count);
	return 0;
}
