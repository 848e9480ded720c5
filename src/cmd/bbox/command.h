/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - the commands of bbox, one file each with a descriptor.
 */
#ifndef BBOX_CMD_BBOX_COMMAND_H
#define BBOX_CMD_BBOX_COMMAND_H

#include "base/err.h"

struct command {
	const char *name;
	const char *usage;   /* behind "bbox " */
	const char *summary; /* one line for the list of commands */
	/*
	 * @argv: the words behind the command's name, NULL-terminated.
	 * Return: the exit code of bbox, or -1 with @err.
	 */
	int (*run)(const char *const *argv, struct err *err);
};

extern const struct command command_run_image;
extern const struct command command_list;
extern const struct command command_image;
extern const struct command command_kernel;
extern const struct command command_recover;
extern const struct command command_undo;

/* `bbox <agent>`: @argv holds the agent's name too. */
must_check int command_agent(const char *const *argv, struct err *err);

/* Writes to standard output; ERR_SYSTEM when that fails. */
must_check int command_print(const char *text, struct err *err);

#endif /* BBOX_CMD_BBOX_COMMAND_H */
