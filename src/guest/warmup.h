/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warmup.h - do the first-time work of the cryptography early.
 */
#ifndef BBOX_GUEST_WARMUP_H
#define BBOX_GUEST_WARMUP_H

/*
 * Uses once what each SSH connection uses. The library finds and sets up its
 * algorithms at the first use, in each process anew unless its parent has
 * done it. So we do, while the drivers are loaded and there is time.
 */
void warmup_crypto(void);

#endif /* BBOX_GUEST_WARMUP_H */
