/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.h - the configuration of an image as JSON, in the form of the
 * OCI image specification, so that one from a registry can be stored as is.
 */
#ifndef BBOX_INFRA_OCI_IMAGE_CONFIG_H
#define BBOX_INFRA_OCI_IMAGE_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/image/image.h"

#define IMAGE_CONFIG_SIZE_MAX ((size_t)4 * 1024 * 1024) /* bytes */

/* The machine's architecture by its OCI name: "amd64", "arm64". */
const char *image_config_arch(void);

/* "sha256:" and 64 lower-case hex digits, nothing else? */
bool image_digest_is_valid(const char *digest);

/* The same configuration always gives the same bytes. */
must_check int image_config_write(const struct image *image, struct buf *out,
				  struct err *err);

/**
 * image_config_parse() - read a configuration
 * @out:	IMAGE_INIT; its env, entrypoint, cmd, working_dir, user and the
 *		layers' diff ids are set; release it also on failure
 * @err:	ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED for another platform
 */
must_check int image_config_parse(struct span json, struct image *out,
				  struct err *err);

#endif /* BBOX_INFRA_OCI_IMAGE_CONFIG_H */
