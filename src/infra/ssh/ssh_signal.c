// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_signal.c - exit status and exit signal as a shell reports them.
 */
#include "infra/ssh/ssh_signal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define EXIT_CODE_MAX	  255
#define EXIT_CODE_SIGNAL  128
#define EXIT_CODE_UNKNOWN 1

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS },
	{ "FPE", SIGFPE },   { "HUP", SIGHUP },	  { "ILL", SIGILL },
	{ "INT", SIGINT },   { "KILL", SIGKILL }, { "PIPE", SIGPIPE },
	{ "QUIT", SIGQUIT }, { "SEGV", SIGSEGV }, { "SYS", SIGSYS },
	{ "TERM", SIGTERM }, { "TRAP", SIGTRAP }, { "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

struct session_result ssh_exit_from_status(uint32_t status)
{
	/* The kernel keeps eight bits: 256 would turn into success. */
	return (struct session_result){
		.exit_code =
			status > EXIT_CODE_MAX ? EXIT_CODE_MAX : (int)status,
	};
}

struct session_result ssh_exit_from_signal(const char *name)
{
	struct session_result r = { .exit_code = EXIT_CODE_UNKNOWN };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (strcmp(signals[i].name, name) != 0)
			continue;
		r.exit_code = EXIT_CODE_SIGNAL + signals[i].number;
		/* Names in the table are shorter than the member. */
		(void)snprintf(r.signal_name, sizeof(r.signal_name), "%s",
			       signals[i].name);
	}
	return r;
}
