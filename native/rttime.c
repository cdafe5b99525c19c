/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <errno.h>
#include <sys/resource.h>

int rtb_rttime_set(int pid, const int64_t limits[2], int64_t before[2])
{
	/* Without a limit it is RLIM_INFINITY, all ones: -1. */
	struct rlimit new = { (rlim_t)limits[0], (rlim_t)limits[1] }, old;

	/* The kernel would take 0 for the calling process. */
	if (pid < 1)
		return -EINVAL;
	if (prlimit(pid, RLIMIT_RTTIME, &new, &old) < 0)
		return -errno;
	before[0] = (int64_t)old.rlim_cur;
	before[1] = (int64_t)old.rlim_max;
	return 0;
}
