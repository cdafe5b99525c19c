/* SPDX-License-Identifier: MIT */
/* Threads that burn CPU time, each on its CPU, in a process of their own. */
#pragma once

#include "../../../native/realtime-broker.h"

#include <stdbool.h>
#include <stdint.h>

enum { loads_max = 512 };

struct load {
	/* A hog is busy by the clock; a player by its own CPU time, in periods, as sound is made. */
	bool hog;
	/* SCHED_RR; 0 is an ordinary thread. And whether the watchdog is told of it. */
	int priority;
	bool granted;
	int cpu;
	uint64_t busy_usec, idle_usec, after_usec;

	int tid;
	int64_t cookie;
	/* CLOCK_BOOTTIME, as the watchdog's events. */
	uint64_t start_usec;
	/* CPU time so far; and for how long at worst its CPU stood still under it. */
	uint64_t burned_usec, leap_usec;

	/* What the watchdog said of it, and how long that took in what its rule waits for. */
	bool demoted;
	struct rtb_watchdog_event event;
	double ratio;
};

/* In memory that both processes share. */
extern struct load *loads;
extern int load_count;

void add_load(struct load load);
/* Their threads exist when this returns, and wait for start_loads(). Returns their pid. */
int create_loads(void);
/* They end by themselves at this time: whatever the watchdog does, the guest lives on. */
void start_loads(uint64_t deadline_usec);
void end_loads(void);

uint64_t now_usec(void);
