/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"
#include "syscalls.h"
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESET_ON_FORK 0x01

/* sched_setattr(2), as of its first version; every kernel since takes it. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

int rtb_sched_set(int tid, int policy, int priority, int nice, int reset_on_fork)
{
	struct attributes attributes = {
		.size = sizeof attributes,
		.policy = (uint32_t)policy,
		.flags = reset_on_fork ? RESET_ON_FORK : 0,
		.nice = nice,
		.priority = (uint32_t)priority,
	};

	if (tid < 1)
		return -EINVAL;
	if (syscall(RTB_SYS_SCHED_SETATTR, tid, &attributes, 0u) < 0)
		return -errno;
	return 0;
}

int rtb_sched_get(int tid, int32_t found[4])
{
	struct attributes attributes = { 0 };
	long twenty_minus_nice;

	if (tid < 1)
		return -EINVAL;
	if (syscall(RTB_SYS_SCHED_GETATTR, tid, &attributes, (unsigned)sizeof attributes, 0u) < 0)
		return -errno;

	/* sched_getattr(2) says nice 0 of a realtime thread, whatever it will be back at SCHED_OTHER. */
	twenty_minus_nice = syscall(SYS_getpriority, PRIO_PROCESS, tid);
	if (twenty_minus_nice < 0)
		return -errno;

	found[0] = (int32_t)attributes.policy;
	found[1] = (int32_t)attributes.priority;
	found[2] = (int32_t)(20 - twenty_minus_nice);
	found[3] = (attributes.flags & RESET_ON_FORK) != 0;
	return 0;
}

static void *try_realtime(void *result)
{
	int32_t found[4];
	int tid = rtb_tid();
	int r;

	r = rtb_sched_set(tid, SCHED_RR, 1, 0, 1);
	if (r == 0)
		r = rtb_sched_get(tid, found);
	if (r == 0 && (found[0] != SCHED_RR || found[1] != 1 || !found[3]))
		r = -EIO;

	*(int *)result = r;
	return NULL;
}

int rtb_sched_try_realtime(void)
{
	pthread_t thread;
	int result = -EIO;
	int r;

	r = rtb_thread_start(&thread, try_realtime, &result);
	if (r < 0)
		return r;

	r = pthread_join(thread, NULL);
	return r != 0 ? -r : result;
}
