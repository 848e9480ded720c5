/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipe.h - how an image is built: a small YAML document.
 *
 *   name: claude-code
 *   from: base			the image below; or "debian:", never both
 *   debian:
 *     suite: bookworm
 *     packages: [bash, git]
 *     exclude: [/usr/share/doc]	dpkg's path-exclude, globs
 *     include: []			dpkg's path-include
 *     user: sandbox			uid 1000, bash, /home/<user>
 *   npm:				a file or more of npm packages
 *     - arch: amd64
 *       package: '@scope/name'
 *       version: 1.2.3
 *       integrity: sha512-...
 *       size: 1234			bytes of the tarball
 *       files: [{from: package/tool, to: /usr/local/bin/tool, mode: 0755}]
 *   files:				directories, links, small texts
 *     - {path: /home/sandbox/.ssh, mode: 0700, owner: 1000}
 *     - {path: /a, link: /b}
 *     - {path: /c, mode: 0644, text: "..."}
 *   env: [NAME=value]
 *   entrypoint: [], cmd: [], user: sandbox, working_dir: /workspace
 *
 * Modes are octal. A file that is neither link nor text is a directory.
 */
#ifndef BBOX_INFRA_OCI_RECIPE_H
#define BBOX_INFRA_OCI_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "base/strv.h"

#define RECIPE_SIZE_MAX	 ((size_t)64 * 1024) /* bytes of YAML */
#define RECIPE_NPM_MAX	 8
#define RECIPE_PICKS_MAX 16
#define RECIPE_FILES_MAX 64

struct recipe_pick {
	char *from, *to; /* owned */
	uint64_t mode;
};

struct recipe_npm {
	char *arch, *package, *version, *integrity; /* owned */
	uint64_t size;				    /* bytes of the tarball */
	struct recipe_pick picks[RECIPE_PICKS_MAX];
	size_t pick_count;
};

struct recipe_file {
	char *path; /* owned */
	char *link; /* owned; NULL unless it is one */
	char *text; /* owned; NULL unless it is one */
	uint64_t mode, owner;
};

struct recipe {
	char *name; /* owned like all */
	char *from; /* NULL for one that starts from Debian */
	char *suite, *debian_user;
	struct strv packages, exclude, include;
	struct recipe_npm npm[RECIPE_NPM_MAX];
	size_t npm_count;
	struct recipe_file files[RECIPE_FILES_MAX];
	size_t file_count;
	struct strv env, entrypoint, cmd;
	char *user, *working_dir; /* NULL means not given */
};

#define RECIPE_INIT ((struct recipe){ .name = NULL })

/**
 * recipe_parse() - turn a recipe's text into a checked recipe
 * @out:	RECIPE_INIT; release with recipe_release() also on failure
 * @err:	ERR_INVALID names the key, ERR_LIMIT
 */
must_check int recipe_parse(struct span yaml, struct recipe *out,
			    struct err *err);
void recipe_release(struct recipe *r);
#define auto_recipe cleanup_with(recipe_release)

#endif /* BBOX_INFRA_OCI_RECIPE_H */
