/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logging.h - the session log as a file of JSON lines.
 *
 *	{"time":"2026-01-02T03:04:05.678901234Z","level":"INFO",
 *	 "msg":"area: what","vm":"claude-code-1a2b"}	(on one line)
 */
#ifndef BBOX_INFRA_LOGGING_LOGGING_H
#define BBOX_INFRA_LOGGING_LOGGING_H

#include <stdbool.h>

#include "base/err.h"
#include "domain/log/log.h"

/* A log that reaches this size says so once and takes no more, bytes. */
#define FILE_LOG_SIZE_MAX (64 * 1024 * 1024)

struct file_log;

/**
 * file_log_open() - start a log, emptying what was there
 * @path:	regular file; made or changed to mode 0600
 * @vm_name:	of the virtual machine, part of every record
 * @debug:	keep records of level debug, too
 * @out:	set on success; end with file_log_close()
 * @err:	ERR_INVALID when @path is no regular file
 */
must_check int file_log_open(const char *path, const char *vm_name, bool debug,
			     struct file_log **out, struct err *err);

/* The port; valid until file_log_close(). */
struct log *file_log_base(struct file_log *f);

/* Does nothing for NULL. */
void file_log_close(struct file_log *f);

#endif /* BBOX_INFRA_LOGGING_LOGGING_H */
