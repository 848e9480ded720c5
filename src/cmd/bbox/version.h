/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - what this build is; the build may define both.
 */
#ifndef BBOX_CMD_BBOX_VERSION_H
#define BBOX_CMD_BBOX_VERSION_H

#ifndef BBOX_VERSION
#define BBOX_VERSION "dev"
#endif
#ifndef BBOX_COMMIT
#define BBOX_COMMIT "unknown"
#endif

#endif /* BBOX_CMD_BBOX_VERSION_H */
