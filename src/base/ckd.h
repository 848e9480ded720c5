/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ckd.h - checked arithmetic with the names and argument order of C23
 * <stdckdint.h>: true means that the result did not fit.
 */
#ifndef BBOX_BASE_CKD_H
#define BBOX_BASE_CKD_H

#define ckd_add(out, a, b) __builtin_add_overflow((a), (b), (out))
#define ckd_sub(out, a, b) __builtin_sub_overflow((a), (b), (out))
#define ckd_mul(out, a, b) __builtin_mul_overflow((a), (b), (out))

#endif /* BBOX_BASE_CKD_H */
