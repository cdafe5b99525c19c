/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <errno.h>
#include <time.h>

static int64_t usec(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		return -errno;
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t rtb_boottime_usec(void)
{
	return usec(CLOCK_BOOTTIME);
}

int64_t rtb_realtime_usec(void)
{
	return usec(CLOCK_REALTIME);
}
