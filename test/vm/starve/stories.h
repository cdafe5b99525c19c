/* SPDX-License-Identifier: MIT */
/* What happens in a test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { parts_max = 4 };

/* CPUs of a part. */
enum { FIRST = 0, LAST = -1, EACH = -2 };

/* A stranger is a hog that nobody granted. */
enum kind { NOBODY, HOG, PLAYER, STRANGER };

struct part {
	enum kind kind;
	int cpu;
	/* Of SCHED_RR; 0 for ordinary threads. */
	int priority;
	int count;
	uint32_t busy_usec, idle_usec;
	/* It begins so much later than the others. */
	uint32_t after_usec;
};

struct story {
	const char *name;
	/* Only where there are so many CPUs. */
	int cpus;
	/* How long it lasts when nobody is demoted; hogs' stories end with the last demotion. */
	uint32_t msec;
	struct part parts[parts_max];
	/* What else happens meanwhile; false when it could not be done. And whether the watchdog may well be late then. */
	bool (*disturb)(void);
	bool stands_still;
	/* The rule's. */
	bool demote_unknown;
	/* Where it is not, it is not told. */
	bool (*possible)(void);
};

extern const struct story stories[];
extern const int story_count;

/* disturb.c */
bool stop_guest(void);
bool freeze_qemu(void);
bool suspend_to_idle(void);
bool suspend_to_memory(void);
bool jump_clock(void);
bool unplug_last_cpu(void);
bool storm_of_interrupts(void);
bool interrupts_have_threads(void);
