// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_image.c - `bbox image build` and `bbox image list`: the local store.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/tool.h"
#include "infra/oci/store.h"

#define LIST_MAX ((size_t)1024 * 1024) /* bytes */
#define ID_SHOWN 19		       /* "sha256:" and 12 digits */
#define MIB	 ((uint64_t)1024 * 1024)

static const char help[] =
	"Build and list the images of the local store.\n\n"
	"Usage:\n"
	"  bbox image build NAME\n"
	"  bbox image list [--json]\n\n"
	"A build does nothing when the image is there and its recipe has not\n"
	"changed.\n\n"
	"Example:\n"
	"  bbox image build claude-code\n";

static int build(struct runtime *rt, const struct tool_words *w,
		 struct err *err)
{
	const struct sandbox_deps *deps = runtime_deps(rt);
	auto_image struct image image = IMAGE_INIT;
	auto_buf struct buf line = BUF_INIT(IMAGE_DIGEST_SIZE + 1);

	if (image_store_resolve(deps->images, w->name, deps->progress, &image,
				err) < 0)
		return err_wrap(err, "image '%s'", w->name);
	if (buf_addf(&line, err, "%s\n", image.id) < 0)
		return -1;
	return command_print(line.data, err);
}

static int add_row(struct buf *out, const struct oci_store_entry *e, bool json,
		   bool first, struct err *err)
{
	if (json)
		return buf_addf(out, err,
				"%s\n  {\"ref\": \"%s\", \"id\": \"%s\", "
				"\"size\": %" PRIu64 ", \"layers\": %zu}",
				first ? "" : ",", e->ref, e->id, e->size,
				e->layer_count);
	return buf_addf(out, err, "%-20s %-20.*s %6" PRIu64 " MiB %3zu\n",
			e->ref, ID_SHOWN, e->id, e->size / MIB, e->layer_count);
}

/* The grammar of references leaves nothing in them that JSON must escape. */
static int list(struct runtime *rt, const struct tool_words *w, struct err *err)
{
	auto_oci_store_list struct oci_store_list images = OCI_STORE_LIST_INIT;
	auto_buf struct buf out = BUF_INIT(LIST_MAX);

	if (oci_store_list(runtime_deps(rt)->images, &images, err) < 0)
		return err_wrap(err, "image store");
	if (w->json && buf_adds(&out, "[", err) < 0)
		return -1;
	if (!w->json && images.n &&
	    buf_addf(&out, err, "%-20s %-20s %10s %3s\n", "IMAGE", "ID", "SIZE",
		     "LAYERS") < 0)
		return -1;
	for (size_t i = 0; i < images.n; i++) {
		if (add_row(&out, &images.v[i], w->json, i == 0, err) < 0)
			return -1;
	}
	if (w->json && buf_adds(&out, "\n]\n", err) < 0)
		return -1;
	if (!w->json && !images.n &&
	    buf_adds(&out, "No images; 'bbox image build base' makes one\n",
		     err) < 0)
		return -1;
	return command_print(out.data, err);
}

static int run_image_tool(const char *const *argv, struct err *err)
{
	auto_tool_words struct tool_words w = TOOL_WORDS_INIT;
	int r = tool_parse(argv, help, &w, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (!strcmp(w.verb, "list") && !w.name)
		return tool_run(list, &w, err);
	if (!strcmp(w.verb, "build") && w.name)
		return tool_run(build, &w, err);
	return err_set(err, ERR_USAGE,
		       "use 'bbox image build NAME' or 'bbox image list'");
}

const struct command command_image = {
	.name = "image",
	.usage = "image build NAME | list [--json]",
	.summary = "Build and list the images of the local store",
	.run = run_image_tool,
};
