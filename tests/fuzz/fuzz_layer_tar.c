// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_layer_tar.c - whatever the stream is, it becomes one complete layer or
 * none, and nothing else.
 */
#include <dirent.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "fuzz/fuzz.h"
#include "infra/oci/layer.h"
#include "infra/oci/tar.h"
#include "infra/sys/fs.h"

#define BYTES_MAX   ((uint64_t)4 * 1024 * 1024) /* uncompressed */
#define ENTRIES_MAX 1000

struct input {
	struct source base;
	struct span rest;
};

static int input_read(struct source *base, void *buffer, size_t size,
		      size_t *len, struct err *err unused)
{
	struct input *in = container_of(base, struct input, base);

	*len = in->rest.len < size ? in->rest.len : size;
	if (*len && !span_take(&in->rest, buffer, *len))
		return -1;
	return 0;
}

static const struct source_ops input_ops = { .read = input_read };

static size_t count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	INVARIANT(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static int convert(const char *dir, struct span bytes)
{
	const struct layer_limits limits = { .entries = ENTRIES_MAX,
					     .bytes = BYTES_MAX };
	struct input in = { .base = { .ops = &input_ops }, .rest = bytes };
	auto_layer struct layer *l = NULL;
	struct log log = LOG_DISCARD;
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	if (layer_begin(dir, &limits, &log, &l, &err) < 0 ||
	    tar_read_layer(l, &in.base, NULL, &err) < 0 ||
	    layer_publish(l, NULL, id, &err) < 0) {
		INVARIANT(err.kind != ERR_NONE && err.msg[0]);
		return -1;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *dir = NULL;
	struct err err = ERR_INIT;
	int r;

	INVARIANT(fs_make_temp_dir("/tmp", "fuzz-layer-", &dir, &err) == 0);
	r = convert(dir, (struct span){ data, size });
	INVARIANT(count_entries(dir) == (r < 0 ? 0 : 1));
	INVARIANT(fs_remove_tree(dir, &err) == 0);
	return 0;
}
