/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_helper.h - the process that serves one share: bbox itself, started again
 * under another name by fs_server.c.
 */
#ifndef BBOX_INFRA_VFS_FS_HELPER_H
#define BBOX_INFRA_VFS_FS_HELPER_H

/* argv[0] of such a process. */
#define FS_HELPER_NAME "bbox-fs"

/*
 * The arguments that follow, all numbers of open descriptors: the vhost-user
 * socket, the directory, the state directory ("-" for none), fs_config.h's.
 * What there is to say goes to standard error, one record a line, the first
 * letter being its level: one of FS_HELPER_LEVELS.
 */
#define FS_HELPER_ARGS	   4
#define FS_HELPER_NO_FD	   "-"
#define FS_HELPER_LEVELS   "DIWE"	  /* in the order of enum log_level */
#define FS_HELPER_LINE_MAX ((size_t)2048) /* bytes, with the newline */

/*
 * Serves until the other end hangs up. Call it first thing in main(), and
 * _exit() with the code it returns: in its cage, there is no room for what
 * libraries do when a program ends.
 */
int fs_helper_main(int argc, char **argv);

#endif /* BBOX_INFRA_VFS_FS_HELPER_H */
