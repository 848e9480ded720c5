/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - texts as JSON strings.
 */
#ifndef BBOX_CMD_BBOX_JSON_H
#define BBOX_CMD_BBOX_JSON_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends @s in double quotes. What a terminal would not show, and bytes that
 * are no UTF-8, are escaped as everywhere, see text_add_visible().
 */
must_check int json_add_string(struct buf *out, const char *s, struct err *err);

#endif /* BBOX_CMD_BBOX_JSON_H */
