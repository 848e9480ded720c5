/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_peer.h - the file server port, provided by somebody else's virtiofsd.
 */
#ifndef BBOX_BENCH_FS_PEER_H
#define BBOX_BENCH_FS_PEER_H

#include "domain/vm/vm.h"

/* Where Debian's qemu-system-common has it. */
#define FS_PEER_QEMU "/usr/lib/qemu/virtiofsd"

/*
 * NULL means QEMU's own; else a program that takes the options of the one
 * written in Rust, borrowed. It is there until the end.
 */
must_check struct file_server *fs_peer_new(const char *binary);

#endif /* BBOX_BENCH_FS_PEER_H */
