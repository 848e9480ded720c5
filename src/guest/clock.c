// SPDX-License-Identifier: Apache-2.0
/*
 * clock.c - keep the guest's clock with the host's.
 */
#include "guest/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>

#include "infra/sys/fd.h"

/* The real-time clock counts whole seconds, so one is nothing. */
#define TOLERANCE_S 2

int clock_follow_rtc(struct err *err)
{
	auto_close int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	struct rtc_time rtc;
	struct timespec now, want = { .tv_nsec = 0 };
	struct tm tm = { .tm_isdst = 0 };
	time_t off;

	if (fd < 0)
		return err_sys(err, errno, "open '/dev/rtc0'");
	if (ioctl(fd, RTC_RD_TIME, &rtc) < 0)
		return err_sys(err, errno, "read the real-time clock");
	tm.tm_year = rtc.tm_year;
	tm.tm_mon = rtc.tm_mon;
	tm.tm_mday = rtc.tm_mday;
	tm.tm_hour = rtc.tm_hour;
	tm.tm_min = rtc.tm_min;
	tm.tm_sec = rtc.tm_sec;
	want.tv_sec = timegm(&tm);
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return err_sys(err, errno, "read the clock");
	off = want.tv_sec - now.tv_sec;
	if (off >= -TOLERANCE_S && off <= TOLERANCE_S)
		return 0;
	if (clock_settime(CLOCK_REALTIME, &want) < 0)
		return err_sys(err, errno, "set the clock");
	return 0;
}
