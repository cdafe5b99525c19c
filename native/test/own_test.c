/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "check.h"
#include "sleeper.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int runs_as(int tid, int policy, int priority, int nice)
{
	int32_t found[4];

	CHECK(rtb_sched_get(tid, found) == 0);
	return found[0] == policy && found[1] == priority && found[2] == nice && !found[3];
}

static void limit_rttime(rlim_t hard)
{
	const struct rlimit limit = { hard, hard };

	CHECK(setrlimit(RLIMIT_RTTIME, &limit) == 0);
}

/* Each in a process of its own, since it is about the whole of it. */
static void alone(void (*story)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		story();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void all_threads_are_raised_and_those_to_come(void)
{
	struct sleeper before, after;

	sleeper_start(&before);
	/* As a unit with CPUSchedulingResetOnFork= would have it. */
	CHECK(rtb_sched_set(before.tid, SCHED_RR, 1, 0, 1) == 0);
	CHECK(rtb_sched_raise_process(1) == 0);
	sleeper_start(&after);
	CHECK(runs_as(getpid(), SCHED_RR, 1, 0));
	CHECK(runs_as(before.tid, SCHED_RR, 1, 0));
	CHECK(runs_as(after.tid, SCHED_RR, 1, 0));
	CHECK(rtb_sched_raise_process(1) == 0);
	sleeper_end(&after);
	sleeper_end(&before);
}

static int has_its_limit(void)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_RTTIME, &limit) == 0);
	return limit.rlim_cur == 2000000 && limit.rlim_max == 15000000;
}

static void a_lower_limit_is_lifted(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	limit_rttime(200000);
	SKIP_UNLESS(setrlimit(RLIMIT_RTTIME, &none) == 0, "CAP_SYS_RESOURCE");
	limit_rttime(200000);
	CHECK(rtb_sched_raise_process(1) == 0);
	CHECK(has_its_limit());
}

static volatile sig_atomic_t told;

static void be_told(int signal)
{
	told = signal;
}

/* As the real one, but nobody on this machine need wait long for it. */
static void raise_under_a_short_limit(void)
{
	const struct rlimit sooner = { 20000, 60000 };

	signal(SIGXCPU, be_told);
	CHECK(rtb_sched_raise_process(1) == 0);
	CHECK(has_its_limit());
	CHECK(setrlimit(RLIMIT_RTTIME, &sooner) == 0);
}

static void be_busy(long msec)
{
	struct timespec used;
	long until;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	until = used.tv_nsec / 1000000 + msec;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	while (used.tv_nsec / 1000000 < until);
}

static void who_is_busy_is_told_and_counts_anew_after_a_pause(void)
{
	raise_under_a_short_limit();
	be_busy(45);
	CHECK(told == SIGXCPU);
	CHECK(rtb_sched_pause() == 0);
	be_busy(45);
}

static void who_spins_is_ended_by_the_kernel(void)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		raise_under_a_short_limit();
		for (;;)
			continue;
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	CHECK(syscall(SYS_capset, &header, none) == 0);
}

static void who_may_not_stays_as_he_is(void)
{
	struct sleeper sleeper;

	sleeper_start(&sleeper);
	CHECK(rtb_sched_set(sleeper.tid, SCHED_OTHER, 0, 3, 0) == 0);
	drop_capabilities();
	CHECK(rtb_sched_raise_process(1) == -EPERM);
	CHECK(runs_as(getpid(), SCHED_OTHER, 0, 0));
	CHECK(runs_as(sleeper.tid, SCHED_OTHER, 0, 3));
	sleeper_end(&sleeper);
}

/* CAP_SYS_NICE alone: the kernel would kill it some day. */
static void who_cannot_lift_his_limit_is_not_raised(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct nice[2] = { 0 };

	limit_rttime(200000);
	nice[0].effective = nice[0].permitted = 1u << CAP_SYS_NICE;
	CHECK(syscall(SYS_capset, &header, nice) == 0);
	CHECK(rtb_sched_raise_process(1) == -EPERM);
	CHECK(runs_as(getpid(), SCHED_OTHER, 0, 0));
}

static void stories(void)
{
	SKIP_UNLESS(rtb_sched_try_realtime() == 0, "CAP_SYS_NICE");
	alone(all_threads_are_raised_and_those_to_come);
	alone(a_lower_limit_is_lifted);
	alone(who_is_busy_is_told_and_counts_anew_after_a_pause);
	who_spins_is_ended_by_the_kernel();
	alone(who_may_not_stays_as_he_is);
	alone(who_cannot_lift_his_limit_is_not_raised);
}

/* "emulated": only what does not go by CPU time, which in such a machine leaps. */
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "emulated") == 0)
		alone(a_lower_limit_is_lifted);
	else
		stories();
	return 0;
}
