/* SPDX-License-Identifier: MIT */

/* Processes of one thread that load a CPU, as those out there do. Each ends by itself after some seconds, or with us. */
#ifndef RTB_ACTOR_H
#define RTB_ACTOR_H

#include <stdatomic.h>
#include <stdint.h>

struct part {
	/* -1 for any CPU. */
	int cpu;
	/* Busy for so long, then asleep, again and again; without a sleep it never stops, without a work it sleeps for ever. */
	unsigned int busy_usec, sleep_usec;
	/* Not 0: it starts its work every so often, as an audio thread does, and `busy_usec` is CPU time. */
	unsigned int period_usec;
};

struct actor {
	int pid;
	/* Shared with it. */
	struct act {
		_Atomic int curtain;
		/* CLOCK_BOOTTIME when it began. */
		_Atomic int64_t since_usec;
		/* Periods begun, and those that were over before their work was done. */
		_Atomic unsigned int periods, missed;
	} *act;
	struct part part;
};

/* Forks it; it waits for the curtain. */
void actor_cast(struct actor *actor, struct part part);
void actor_begin(struct actor *actor);
void actor_end(struct actor *actor);

/* Its scheduling, as rtb_sched_get() has it. */
int actor_policy(const struct actor *actor);

#endif
