// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - find the command, run it, print the error, choose the exit code.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/bbox/command.h"
#include "cmd/bbox/version.h"
#include "infra/sys/fd.h"
#include "infra/vfs/fs_helper.h"

#define EXIT_ERROR 1
#define EXIT_USAGE 2
#define HELP_MAX   ((size_t)64 * 1024) /* bytes */

static const struct command *const commands[] = {
	&command_run_image, &command_list,    &command_image,
	&command_kernel,    &command_recover, &command_undo,
};

int command_print(const char *text, struct err *err)
{
	if (fd_write_all(STDOUT_FILENO, text, strlen(text), err) < 0)
		return err_wrap(err, "standard output");
	return 0;
}

static int print_help(struct err *err)
{
	auto_buf struct buf text = BUF_INIT(HELP_MAX);

	if (buf_adds(&text,
		     "Run coding agents in hardware-isolated microVMs.\n\n"
		     "Usage:\n"
		     "  bbox AGENT [flags] [-- agent-args...]\n",
		     err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (buf_addf(&text, err, "  bbox %s\n", commands[i]->usage) < 0)
			return -1;
	}
	if (buf_adds(&text, "\nCommands:\n", err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (buf_addf(&text, err, "  %-12s %s\n", commands[i]->name,
			     commands[i]->summary) < 0)
			return -1;
	}
	if (buf_adds(&text,
		     "\nExamples:\n"
		     "  bbox claude-code\n"
		     "  bbox claude-code --review -- --model opus\n"
		     "  bbox run-image base -- make test\n\n"
		     "'bbox AGENT --help' and 'bbox COMMAND --help' list the "
		     "flags;\n'bbox list' lists the agents.\n",
		     err) < 0)
		return -1;
	return command_print(text.data, err);
}

static int print_version(struct err *err)
{
	return command_print(
		"bbox version " BBOX_VERSION " (" BBOX_COMMIT ")\n", err);
}

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i]->name, word))
			return commands[i];
	}
	return NULL;
}

/*
 * The first word that is not a flag, if it names a command; *@argv then lacks
 * that word. NULL means that the words are for an agent.
 */
static const struct command *take_command(const char **argv)
{
	const struct command *c;
	size_t i = 0;

	while (argv[i] && argv[i][0] == '-' && strcmp(argv[i], "--") != 0)
		i++;
	c = argv[i] ? find_command(argv[i]) : NULL;
	if (!c)
		return NULL;
	for (; argv[i]; i++)
		argv[i] = argv[i + 1];
	return c;
}

static int run(const char **argv, struct err *err)
{
	const struct command *c;

	if (fd_ensure_stdio(err) < 0)
		return -1;
	if (!argv[0] || !strcmp(argv[0], "help") ||
	    ((!strcmp(argv[0], "-h") || !strcmp(argv[0], "--help")) &&
	     !argv[1]))
		return print_help(err);
	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-v"))
		return print_version(err);
	c = take_command(argv);
	return c ? c->run(argv, err) : command_agent(argv, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int code;

	if (argc > 0 && !strcmp(argv[0], FS_HELPER_NAME))
		_exit(fs_helper_main(argc, argv));
	code = run((const char **)(void *)(argv + 1), &err);
	if (code < 0) {
		auto_free char *shown = text_visible(err.msg);

		fprintf(stderr, "Error: %s\n", shown);
		return err.kind == ERR_USAGE ? EXIT_USAGE : EXIT_ERROR;
	}
	return code;
}
