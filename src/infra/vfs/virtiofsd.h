/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtiofsd.h - the file server port, provided by QEMU's own virtiofsd.
 */
#ifndef BBOX_INFRA_VFS_VIRTIOFSD_H
#define BBOX_INFRA_VFS_VIRTIOFSD_H

#include "base/err.h"
#include "domain/log/log.h"
#include "domain/vm/vm.h"

/* Everything is borrowed and must outlive the server. */
struct virtiofsd_config {
	const char *binary;  /* NULL means where distributions put it */
	const char *tmp_dir; /* for a socket's name, for a moment; NULL means
			      * "/tmp" */
	struct log *log;
};

/**
 * virtiofsd_new() - a file server that runs one virtiofsd for each share
 * @out:	free with virtiofsd_free()
 *
 * A missing program is reported by the first file_server_serve():
 * ERR_NOT_FOUND with the remedy. Other errors of that: ERR_NOT_FOUND for the
 * directory, ERR_UNSUPPORTED for any but a VM_SHARE_RW, ERR_PERMISSION when the
 * system allows no user namespaces.
 */
void virtiofsd_new(const struct virtiofsd_config *config,
		   struct file_server **out);
/* Accepts NULL. All shares must have been stopped. */
void virtiofsd_free(struct file_server *server);

#endif /* BBOX_INFRA_VFS_VIRTIOFSD_H */
