/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "canary.h"
#include "now.h"
#include "realtime-broker.h"
#include "thread.h"
#include "vigil.h"

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Anew each time it is armed: hot-plugging and cpusets move a pinned thread elsewhere without a word. */
static bool pin(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	return sched_setaffinity(0, sizeof only, &only) == 0;
}

static void sleep_until(uint64_t nsec)
{
	struct timespec until = { .tv_sec = (time_t)(nsec / NSEC_PER_SEC), .tv_nsec = (long)(nsec % NSEC_PER_SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void sing(struct canary *canary)
{
	while (atomic_load(&canary->armed)) {
		uint64_t due = atomic_load(&canary->due_nsec);
		sleep_until(due);
		uint64_t now = now_nsec();
		atomic_fetch_add(&canary->late_usec2, vigil_lateness(now - due));
		atomic_store(&canary->due_nsec, now + CANARY_PERIOD_NSEC);
		atomic_fetch_add(&canary->cheeps, 1);
	}
}

static void *run(void *argument)
{
	struct canary *canary = argument;
	eventfd_t woken;

	prctl(PR_SET_NAME, "canary");
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* As every ordinary thread is, whatever the daemon runs as. */
	rtb_sched_set(rtb_tid(), SCHED_OTHER, 0, 0, 0);

	while (!atomic_load(&canary->ended)) {
		if (eventfd_read(canary->wake_fd, &woken) < 0 && errno != EINTR)
			break;
		if (!atomic_load(&canary->armed))
			continue;
		atomic_store(&canary->unreachable, !pin(canary->cpu));
		if (!atomic_load(&canary->unreachable))
			sing(canary);
	}
	return NULL;
}

int canary_start(struct canary *canary, int cpu)
{
	int r;

	canary->cpu = cpu;
	canary->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (canary->wake_fd < 0)
		return -errno;
	r = rtb_thread_start(&canary->thread, run, canary);
	canary->started = r == 0;
	if (r < 0)
		close(canary->wake_fd);
	return r;
}

void canary_stop(struct canary *canary)
{
	if (!canary->started)
		return;
	atomic_store(&canary->armed, false);
	atomic_store(&canary->ended, true);
	eventfd_write(canary->wake_fd, 1);
	pthread_join(canary->thread, NULL);
	close(canary->wake_fd);
	canary->started = false;
}

void canary_arm(struct canary *canary, uint64_t now_nsec)
{
	atomic_store(&canary->due_nsec, now_nsec);
	atomic_store(&canary->unreachable, false);
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
