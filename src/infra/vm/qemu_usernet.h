/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_usernet.h - find a port forward in what the monitor prints. Pure.
 */
#ifndef BBOX_INFRA_VM_QEMU_USERNET_H
#define BBOX_INFRA_VM_QEMU_USERNET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/**
 * usernet_find() - the host port that leads to a port of the guest
 * @text:	the answer to "info usernet"
 *
 * Only forwards of TCP on 127.0.0.1 count.
 */
must_check bool usernet_find(struct span text, uint16_t guest_port,
			     uint16_t *out);

#endif /* BBOX_INFRA_VM_QEMU_USERNET_H */
