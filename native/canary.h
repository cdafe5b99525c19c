/* SPDX-License-Identifier: MIT */

/*
 * A canary: an ordinary SCHED_OTHER thread pinned to one CPU. Armed, it wakes every CANARY_PERIOD_NSEC and cheeps; what
 * keeps it from running keeps every ordinary thread there from running. Unarmed it sleeps and costs nothing.
 */
#ifndef RTB_CANARY_H
#define RTB_CANARY_H

#include "realtime-broker.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CANARY_PERIOD_NSEC UINT64_C(10000000)

/* The kernel knows no more, on any machine; sets of them are arrays of long, since a cpu_set_t ends at 1024. */
#define CPUS_MAX 8192
#define LONG_BITS (CHAR_BIT * sizeof(unsigned long))

struct canary {
	/* To be set before the start. */
	int cpu;
	int wake_fd, answer_fd;
	pthread_t thread;
	_Atomic int tid;
	_Atomic bool started, armed, ended;
	/* It could not be put on its CPU when that was last tried. */
	_Atomic bool unreachable;
	/* When it should cheep next, CLOCK_MONOTONIC; and all its cheeps so far, with their vigil_lateness() in sum. */
	_Atomic uint64_t due_nsec, cheeps, late_usec2;
	/* The same cheeps by lateness, and their plain lateness in sum, for rtb_watchdog_report(). */
	_Atomic uint64_t late[RTB_LATE_CLASSES], late_nsec;
	/* The watchdog asks whether anybody can run there. */
	_Atomic bool asked;
};

/* Starts the thread, at once asleep. 0 or -errno. */
int canary_start(struct canary *canary);
void canary_stop(struct canary *canary);

/* By the watchdog; neither ever waits. Armed anew, it owes nothing for the time before. */
void canary_arm(struct canary *canary, uint64_t now_nsec);
void canary_disarm(struct canary *canary);

/* Whether it can be put on its CPU; by any thread. Armed or not, it goes there. False while it was not started. */
bool canary_reach(struct canary *canary);

/* How late it is now; 0 when it is not due. */
uint64_t canary_overdue(const struct canary *canary, uint64_t now_nsec);

/*
 * Whether a thread of this SCHED_RR priority gets to run on the CPU within the time: the armed canary is lent it, to
 * answer and not to cheep. The watchdog waits, but stays where it is: whom it might visit there could keep it for ever.
 */
bool canary_visit(struct canary *canary, int priority, uint64_t within_nsec);

#endif
