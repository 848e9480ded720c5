// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_kernel.c - `bbox kernel fetch`: have the guest kernel in the cache.
 */
#include <string.h>

#include "base/mem.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/tool.h"

static const char help[] =
	"Fetch the guest kernel into the cache.\n\n"
	"Usage:\n"
	"  bbox kernel fetch\n\n"
	"Prints the path of the kernel. A kernel that is cached already is not\n"
	"fetched again. BBOX_KERNEL_DEB=FILE takes Debian's package from a file\n"
	"instead of fetching it with apt.\n";

static int fetch(struct runtime *rt, const struct tool_words *w unused,
		 struct err *err)
{
	const struct sandbox_deps *deps = runtime_deps(rt);
	struct kernel kernel = KERNEL_INIT;
	auto_free char *line = NULL;

	if (kernel_source_get(deps->kernels, deps->progress, &kernel, err) < 0)
		return -1;
	line = xasprintf("%s\n", kernel.image_path);
	kernel_release(&kernel);
	return command_print(line, err);
}

static int run_kernel(const char *const *argv, struct err *err)
{
	auto_tool_words struct tool_words w = TOOL_WORDS_INIT;
	int r = tool_parse(argv, help, &w, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (strcmp(w.verb, "fetch") != 0 || w.name)
		return err_set(err, ERR_USAGE,
			       "bbox kernel has one command: 'bbox kernel "
			       "fetch'");
	return tool_run(fetch, &w, err);
}

const struct command command_kernel = {
	.name = "kernel",
	.usage = "kernel fetch",
	.summary = "Fetch the guest kernel into the cache",
	.run = run_kernel,
};
