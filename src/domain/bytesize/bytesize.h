/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytesize.h - memory sizes as users write them: "512", "512m", "4g"
 * (chapter 10, section 4.2).
 */
#ifndef BBOX_DOMAIN_BYTESIZE_BYTESIZE_H
#define BBOX_DOMAIN_BYTESIZE_BYTESIZE_H

#include <stdint.h>

#include "base/err.h"

#define BYTESIZE_TEXT_SIZE 16 /* longest text and its NUL */

/*
 * MiB; 0 for an empty text or "0". ERR_INVALID "no numeric value" or "unknown
 * suffix", ERR_LIMIT "exceeds maximum".
 */
must_check int bytesize_parse(const char *text, uint32_t *out_mib,
			      struct err *err);
void bytesize_format(uint32_t mib, char out[BYTESIZE_TEXT_SIZE]);

#endif /* BBOX_DOMAIN_BYTESIZE_BYTESIZE_H */
