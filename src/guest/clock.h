/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - keep the guest's clock with the host's.
 */
#ifndef BBOX_GUEST_CLOCK_H
#define BBOX_GUEST_CLOCK_H

#include "base/err.h"

/**
 * clock_follow_rtc() - step the clock when it is off by more than two seconds
 *
 * The kernel sets the clock at boot; but while the host is suspended the
 * guest stands still. The VM's real-time clock follows the host's.
 *
 * @err:	ERR_NOT_FOUND when the VM has no real-time clock
 */
must_check int clock_follow_rtc(struct err *err);

#endif /* BBOX_GUEST_CLOCK_H */
