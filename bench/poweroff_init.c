// SPDX-License-Identifier: Apache-2.0
/*
 * poweroff_init.c - the least that a guest can do: power off from PID 1.
 *
 * The other half of bench/run-image.py: what a boot costs without bbox.
 */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	reboot(RB_POWER_OFF);
	/* PID 1 must not return; the kernel needs a moment to go. */
	for (;;)
		pause();
}
