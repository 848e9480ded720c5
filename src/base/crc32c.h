/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.h - the checksum CRC-32C (RFC 3720, appendix B.4).
 */
#ifndef BBOX_BASE_CRC32C_H
#define BBOX_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* @crc is 0 at first, or what the bytes before had. */
uint32_t crc32c(uint32_t crc, const void *p, size_t len);

#endif /* BBOX_BASE_CRC32C_H */
