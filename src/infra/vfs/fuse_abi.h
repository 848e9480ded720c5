/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_abi.h - <linux/fuse.h>, which has members by the name of `unused`, as
 * our attribute is called.
 */
#ifndef BBOX_INFRA_VFS_FUSE_ABI_H
#define BBOX_INFRA_VFS_FUSE_ABI_H

#pragma push_macro("unused")
#undef unused
#include <linux/fuse.h>
#pragma pop_macro("unused")

#endif /* BBOX_INFRA_VFS_FUSE_ABI_H */
