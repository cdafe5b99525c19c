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

/* clock_getcpuclockid(3) makes a system call of it. */
static clockid_t clock_of_process(int pid)
{
	return (clockid_t)((~(unsigned int)pid << 3) | 2);
}

int64_t rtb_used_nsec(int pid)
{
	struct timespec used;

	if (pid < 1)
		return -EINVAL;
	if (clock_gettime(clock_of_process(pid), &used) < 0)
		return -errno;
	return ((int64_t)used.tv_sec * 1000000000 + used.tv_nsec) & ((INT64_C(1) << 53) - 1);
}

int64_t rtb_boottime_usec(void)
{
	return usec(CLOCK_BOOTTIME);
}

int64_t rtb_realtime_usec(void)
{
	return usec(CLOCK_REALTIME);
}
