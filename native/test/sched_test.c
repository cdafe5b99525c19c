/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "check.h"
#include "sleeper.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>

static bool may_raise(void)
{
	return rtb_sched_try_realtime() == 0;
}

static bool runs_as(int tid, int policy, int priority, int nice, int reset_on_fork)
{
	int32_t found[4];

	CHECK(rtb_sched_get(tid, found) == 0);
	return found[0] == policy && found[1] == priority && found[2] == nice && found[3] == reset_on_fork;
}

static void realtime_leaves_the_nice_level_alone(void)
{
	struct sleeper sleeper;

	SKIP_UNLESS(may_raise(), "CAP_SYS_NICE");
	sleeper_start(&sleeper);
	CHECK(rtb_sched_set(sleeper.tid, SCHED_OTHER, 0, -7, 1) == 0);
	CHECK(runs_as(sleeper.tid, SCHED_OTHER, 0, -7, 1));
	CHECK(rtb_sched_set(sleeper.tid, SCHED_RR, 5, 0, 1) == 0);
	CHECK(runs_as(sleeper.tid, SCHED_RR, 5, -7, 1));
	CHECK(rtb_sched_set(sleeper.tid, SCHED_OTHER, 0, 0, 0) == 0);
	CHECK(runs_as(sleeper.tid, SCHED_OTHER, 0, 0, 0));
	sleeper_end(&sleeper);
}

static void every_priority_and_nice_level_reads_back(void)
{
	struct sleeper sleeper;

	SKIP_UNLESS(may_raise(), "CAP_SYS_NICE");
	sleeper_start(&sleeper);
	for (int priority = 1; priority <= 99; priority++) {
		CHECK(rtb_sched_set(sleeper.tid, SCHED_RR, priority, 0, 1) == 0);
		CHECK(runs_as(sleeper.tid, SCHED_RR, priority, 0, 1));
	}
	for (int nice = -20; nice <= 19; nice++) {
		CHECK(rtb_sched_set(sleeper.tid, SCHED_OTHER, 0, nice, 1) == 0);
		CHECK(runs_as(sleeper.tid, SCHED_OTHER, 0, nice, 1));
	}
	sleeper_end(&sleeper);
}

static void out_of_range_is_einval(void)
{
	struct sleeper sleeper;

	sleeper_start(&sleeper);
	CHECK(rtb_sched_set(sleeper.tid, SCHED_RR, 0, 0, 1) == -EINVAL);
	CHECK(rtb_sched_set(sleeper.tid, SCHED_RR, 100, 0, 1) == -EINVAL);
	CHECK(rtb_sched_set(sleeper.tid, 77, 0, 0, 1) == -EINVAL);
	sleeper_end(&sleeper);
}

static void a_thread_that_ended_is_esrch(void)
{
	struct sleeper sleeper;
	int32_t found[4];

	sleeper_start(&sleeper);
	sleeper_end(&sleeper);
	CHECK(rtb_sched_set(sleeper.tid, SCHED_OTHER, 0, 0, 0) == -ESRCH);
	CHECK(rtb_sched_get(sleeper.tid, found) == -ESRCH);
}

/* To the kernel, 0 is whoever asks. */
static void tid_zero_is_not_the_caller(void)
{
	int32_t found[4];

	CHECK(rtb_sched_set(0, SCHED_RR, 1, 0, 1) == -EINVAL);
	CHECK(rtb_sched_set(-1, SCHED_RR, 1, 0, 1) == -EINVAL);
	CHECK(rtb_sched_get(0, found) == -EINVAL);
}

int main(void)
{
	realtime_leaves_the_nice_level_alone();
	every_priority_and_nice_level_reads_back();
	out_of_range_is_einval();
	a_thread_that_ended_is_esrch();
	tid_zero_is_not_the_caller();
	return 0;
}
