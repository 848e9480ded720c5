/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_test_package.h - small kernels and Debian packages, for tests only.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_TEST_PACKAGE_H
#define BBOX_INFRA_KERNEL_KERNEL_TEST_PACKAGE_H

#include <stdint.h>

#include "base/buf.h"

#define TEST_RELEASE	 "6.9-test"
#define TEST_PACKAGE_MAX ((size_t)16 * 1024 * 1024) /* bytes */

struct test_file {
	const char *path;
	const void *data;
	size_t len;    /* bytes */
	uint32_t type; /* as st_mode; 0: a regular file */
};

/* An x86-64 ELF kernel with two segments and, if asked, a PVH note. */
void test_kernel_elf(struct buf *out, uint32_t note_type);
/* A boot image around @payload, compressed by a libarchive filter. */
void test_kernel_image(struct buf *out, int filter, struct span payload);
/* A package with @files ("path" ends the list with NULL). */
void test_kernel_package(struct buf *out, const struct test_file *files);

#endif /* BBOX_INFRA_KERNEL_KERNEL_TEST_PACKAGE_H */
