/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "canary.h"
#include "now.h"
#include "resident.h"
#include "thread.h"
#include "vigil.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* 0 is the caller. */
static bool pin(int tid, int cpu)
{
	unsigned long only[CPUS_MAX / LONG_BITS] = { 0 };

	only[(size_t)cpu / LONG_BITS] = 1UL << (size_t)cpu % LONG_BITS;
	return syscall(SYS_sched_setaffinity, tid, sizeof only, only) == 0;
}

/* Hot-plugging and cpusets move a pinned thread elsewhere without a word. */
static bool on_its_cpu(struct canary *canary)
{
	bool there = sched_getcpu() == canary->cpu || pin(0, canary->cpu);

	atomic_store(&canary->unreachable, !there);
	return there;
}

/*
 * Until the time comes, or a visitor. The timers of ordinary threads are nothing that a visitor can count on: PREEMPT_RT
 * lets them run out in a thread of SCHED_FIFO 1, which starves as we do.
 */
static void sleep_until(struct canary *canary, uint64_t nsec)
{
	struct pollfd visitor = { .fd = canary->wake_fd, .events = POLLIN };
	eventfd_t woken;

	for (uint64_t now; (now = now_nsec()) < nsec;) {
		uint64_t left = nsec - now;
		struct timespec timeout = { (time_t)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC) };
		if (ppoll(&visitor, 1, &timeout, NULL) > 0) {
			eventfd_read(canary->wake_fd, &woken);
			return;
		}
	}
}

static void count(struct canary *canary, uint64_t late_nsec)
{
	uint64_t msec = late_nsec / NSEC_PER_MSEC;
	int class = msec == 0 ? 0 : 64 - __builtin_clzll(msec);

	atomic_fetch_add(&canary->late[class < RTB_LATE_CLASSES ? class : RTB_LATE_CLASSES - 1], 1);
	atomic_fetch_add(&canary->late_nsec, late_nsec);
	atomic_fetch_add(&canary->late_usec2, vigil_lateness(late_nsec));
	atomic_fetch_add(&canary->cheeps, 1);
}

/*
 * Gives back the priority that was lent, and waits its turn again before it goes on: until nobody has lent it anything, or
 * the next visit would make it cheep.
 */
static void answer(struct canary *canary)
{
	while (atomic_exchange(&canary->asked, false)) {
		eventfd_write(canary->answer_fd, 1);
		rtb_sched_set(rtb_tid(), SCHED_OTHER, 0, 0, 0);
	}
}

static void sing(struct canary *canary)
{
	while (atomic_load(&canary->armed)) {
		uint64_t due = atomic_load(&canary->due_nsec);
		sleep_until(canary, due);
		if (!on_its_cpu(canary))
			return;
		answer(canary);

		uint64_t now = now_nsec();
		if (now < due)
			continue;
		/* Unless it was armed anew meanwhile: then it was late for something that counts no more. */
		if (atomic_compare_exchange_strong(&canary->due_nsec, &due, now + CANARY_PERIOD_NSEC))
			count(canary, now - due);
	}
}

static void *run(void *argument)
{
	struct canary *canary = argument;
	char name[16];
	eventfd_t woken;

	snprintf(name, sizeof name, "canary/%d", canary->cpu);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 1UL);
	keep_stack();
	/* As every ordinary thread is, whatever the daemon runs as. */
	rtb_sched_set(rtb_tid(), SCHED_OTHER, 0, 0, 0);
	atomic_store(&canary->tid, rtb_tid());

	while (!atomic_load(&canary->ended)) {
		if (eventfd_read(canary->wake_fd, &woken) < 0 && errno != EINTR)
			break;
		if (atomic_load(&canary->armed))
			sing(canary);
	}
	return NULL;
}

int canary_start(struct canary *canary)
{
	int r;

	canary->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (canary->wake_fd < 0)
		return -errno;
	canary->answer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = canary->answer_fd < 0 ? -errno : rtb_thread_start(&canary->thread, run, canary);
	if (r < 0) {
		close(canary->wake_fd);
		if (canary->answer_fd >= 0)
			close(canary->answer_fd);
		return r;
	}
	atomic_store(&canary->started, true);
	return 0;
}

void canary_stop(struct canary *canary)
{
	if (!atomic_exchange(&canary->started, false))
		return;
	atomic_store(&canary->armed, false);
	atomic_store(&canary->ended, true);
	eventfd_write(canary->wake_fd, 1);
	pthread_join(canary->thread, NULL);
	close(canary->wake_fd);
	close(canary->answer_fd);
}

bool canary_reach(struct canary *canary)
{
	int tid = atomic_load(&canary->tid);
	/* One that was started and has not run yet sees to it by itself. */
	bool there = atomic_load(&canary->started) && (tid == 0 || pin(tid, canary->cpu));

	atomic_store(&canary->unreachable, !there);
	return there;
}

void canary_arm(struct canary *canary, uint64_t now_nsec)
{
	atomic_store(&canary->due_nsec, now_nsec);
	if (atomic_load(&canary->armed))
		return;
	/* Not by itself: it may wake on another CPU, and starve there for what nobody does here. */
	canary_reach(canary);
	atomic_store(&canary->armed, true);
	eventfd_write(canary->wake_fd, 1);
}

void canary_disarm(struct canary *canary)
{
	atomic_store(&canary->armed, false);
}

uint64_t canary_overdue(const struct canary *canary, uint64_t now_nsec)
{
	uint64_t due = atomic_load(&canary->due_nsec);

	return now_nsec > due ? now_nsec - due : 0;
}

static void await_answer(struct canary *canary, uint64_t within_nsec)
{
	struct pollfd answer = { .fd = canary->answer_fd, .events = POLLIN };
	uint64_t until = now_nsec() + within_nsec, now;

	while (atomic_load(&canary->asked) && (now = now_nsec()) < until) {
		struct timespec left = { (time_t)((until - now) / NSEC_PER_SEC), (long)((until - now) % NSEC_PER_SEC) };
		eventfd_t late_answer;
		if (ppoll(&answer, 1, &left, NULL) > 0)
			eventfd_read(canary->answer_fd, &late_answer);
	}
}

bool canary_visit(struct canary *canary, int priority, uint64_t within_nsec)
{
	int tid = atomic_load(&canary->tid);

	/* Not even started: nobody ordinary has run since. */
	if (tid == 0)
		return true;
	atomic_store(&canary->asked, true);
	if (rtb_sched_set(tid, SCHED_RR, priority, 0, 1) == 0) {
		eventfd_write(canary->wake_fd, 1);
		await_answer(canary, within_nsec);
	}
	rtb_sched_set(tid, SCHED_OTHER, 0, 0, 0);
	return !atomic_exchange(&canary->asked, false);
}
