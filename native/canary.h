/* SPDX-License-Identifier: MIT */

/*
 * A canary: an ordinary SCHED_OTHER thread pinned to one CPU. Armed, it wakes every CANARY_PERIOD_NSEC and cheeps; what
 * keeps it from running keeps every ordinary thread there from running. Unarmed it sleeps and costs nothing.
 */
#ifndef RTB_CANARY_H
#define RTB_CANARY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CANARY_PERIOD_NSEC UINT64_C(10000000)

struct canary {
	int cpu;
	int wake_fd;
	pthread_t thread;
	bool started;
	_Atomic bool armed, ended, unreachable;
	/* When it should cheep next, CLOCK_MONOTONIC; and all its cheeps so far, with their vigil_lateness() in sum. */
	_Atomic uint64_t due_nsec, cheeps, late_usec2;
};

/* Starts the thread, at once asleep. 0 or -errno. */
int canary_start(struct canary *canary, int cpu);
void canary_stop(struct canary *canary);

/* By the watchdog; neither ever waits. */
void canary_arm(struct canary *canary, uint64_t now_nsec);
void canary_disarm(struct canary *canary);

/* How late it is now; 0 when it is not due. */
uint64_t canary_overdue(const struct canary *canary, uint64_t now_nsec);

#endif
