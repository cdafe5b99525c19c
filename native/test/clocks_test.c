/* SPDX-License-Identifier: MIT */

/*
 * Clocks that jump under the watchdog: the machine slept, or somebody set the time. This program's clock_gettime(3) is its
 * own, so that no real clock is touched. Who burns does so on CPU 1 only.
 */
#define _GNU_SOURCE
#include "../now.h"
#include "../realtime-broker.h"
#include "actor.h"
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CPU 1
#define HOUR_SEC 3600

static const struct rtb_watchdog_rule defaults = {
	.priority = 99,
	.capacity = 16,
	.patience_msec = 300,
	.sluggish_msec = 20,
	.sluggish_window_msec = 2000,
	.grace_msec = 100,
	.blame_permille = 850,
	.nice_window_msec = 2000,
};

/* How far these clocks have jumped. */
static _Atomic int64_t realtime_ahead_sec, boottime_ahead_sec;

int clock_gettime(clockid_t clock, struct timespec *time)
{
	if (syscall(SYS_clock_gettime, clock, time) < 0)
		return -1;
	if (clock == CLOCK_REALTIME)
		time->tv_sec += atomic_load(&realtime_ahead_sec);
	if (clock == CLOCK_BOOTTIME)
		time->tv_sec += atomic_load(&boottime_ahead_sec);
	return 0;
}

struct stage {
	struct rtb_watchdog *dog;
	int events_fd;
	struct actor actor;
	int64_t cookie;
	int told[RTB_HEIR_DEMOTED + 1];
};

static void open_stage(struct stage *stage, struct part part)
{
	*stage = (struct stage){ 0 };
	stage->events_fd = rtb_watchdog_open(&stage->dog, &defaults);
	CHECK(stage->events_fd >= 0);
	actor_cast(&stage->actor, part);
	stage->cookie = rtb_watchdog_enter(stage->dog, stage->actor.pid, stage->actor.pid, 0, 0);
	CHECK(stage->cookie > 0 && rtb_sched_set(stage->actor.pid, SCHED_RR, 10, 0, 1) == 0);
	actor_begin(&stage->actor);
}

static void close_stage(struct stage *stage)
{
	actor_end(&stage->actor);
	CHECK(rtb_watchdog_close(stage->dog) == 0);
	close(stage->events_fd);
}

/* Listens for so long, or until an event of this kind; 0 is none. False when it did not come. */
static bool listen_for(struct stage *stage, int kind, unsigned int msec, struct rtb_watchdog_event *event)
{
	uint64_t until = now_nsec() + msec * NSEC_PER_MSEC;
	struct pollfd news = { .fd = stage->events_fd, .events = POLLIN };

	for (uint64_t now; (now = now_nsec()) < until;) {
		if (poll(&news, 1, (int)((until - now) / NSEC_PER_MSEC) + 1) <= 0)
			continue;
		CHECK(read(stage->events_fd, event, sizeof *event) == sizeof *event);
		stage->told[event->kind]++;
		if (event->kind == kind)
			return true;
	}
	return false;
}

static const struct part audio = { .cpu = CPU, .busy_usec = 4500, .period_usec = 5000 };
static const struct part hog = { .cpu = CPU, .busy_usec = 150000, .sleep_usec = 1 };

static void the_time_of_day_is_nothing_to_it(void)
{
	static const int jumps_sec[] = { 2 * HOUR_SEC, -2 * HOUR_SEC, -HOUR_SEC, HOUR_SEC };
	struct rtb_watchdog_event event;
	struct stage stage;

	open_stage(&stage, audio);
	listen_for(&stage, 0, 400, &event);
	for (size_t i = 0; i < sizeof jumps_sec / sizeof *jumps_sec; i++) {
		atomic_fetch_add(&realtime_ahead_sec, jumps_sec[i]);
		listen_for(&stage, 0, 400, &event);
	}
	CHECK(stage.told[RTB_STOOD_STILL] == 0 && stage.told[RTB_DEMOTED] == 0);
	CHECK(actor_policy(&stage.actor) == SCHED_RR);
	printf("  the time of day jumped 4 times by 1 or 2 hours: demoted 0\n");
	close_stage(&stage);
}

static void who_plays_while_the_machine_sleeps_is_innocent(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;

	open_stage(&stage, audio);
	listen_for(&stage, 0, 400, &event);
	for (int i = 0; i < 3; i++) {
		atomic_fetch_add(&boottime_ahead_sec, HOUR_SEC);
		CHECK(listen_for(&stage, RTB_STOOD_STILL, 1000, &event));
		CHECK(event.late_nsec >= HOUR_SEC * NSEC_PER_SEC && event.late_nsec < (HOUR_SEC + 1) * NSEC_PER_SEC);
		listen_for(&stage, 0, 400, &event);
	}
	CHECK(stage.told[RTB_STOOD_STILL] == 3 && stage.told[RTB_DEMOTED] == 0);
	CHECK(actor_policy(&stage.actor) == SCHED_RR);
	printf("  the machine slept 3 times for an hour: demoted 0\n");
	close_stage(&stage);
}

static void a_silence_from_before_the_machine_slept_does_not_count(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;
	uint64_t until = now_nsec() + 1500 * NSEC_PER_MSEC;

	open_stage(&stage, hog);
	/* Less than its patience apart. */
	while (now_nsec() < until) {
		atomic_fetch_add(&boottime_ahead_sec, 1);
		listen_for(&stage, 0, 200, &event);
	}
	CHECK(stage.told[RTB_STOOD_STILL] > 0 && stage.told[RTB_DEMOTED] == 0);
	CHECK(listen_for(&stage, RTB_DEMOTED, 4000, &event) && event.cookie == stage.cookie);
	close_stage(&stage);
}

int main(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || rtb_sched_try_realtime() < 0) {
		printf("  skipped: the watchdog needs two CPUs and the right to SCHED_RR\n");
		return 0;
	}
	setlinebuf(stdout);
	the_time_of_day_is_nothing_to_it();
	who_plays_while_the_machine_sleeps_is_innocent();
	a_silence_from_before_the_machine_slept_does_not_count();
	return 0;
}
