/* SPDX-License-Identifier: MIT */

/*
 * The judgement of one CPU: is its canary starving, and do the granted threads bear the blame? Values in, verdict out:
 * no clock, no system call, no allocation. All times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef RTB_VIGIL_H
#define RTB_VIGIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A window of sluggishness is looked at in this many parts, so that it slides. */
#define VIGIL_PARTS 8

struct vigil_rule {
	/* The canary may be late by so much before the CPU is silent. */
	uint64_t patience_nsec;
	/*
	 * The canary may be late by so much before the CPU is sluggish: on average over the window, each lateness weighted by
	 * how long it lasted, and in half of the window's parts as well, for a single burst is no sluggishness.
	 */
	uint64_t sluggish_nsec;
	uint64_t window_nsec;
	/* After a demotion so much time passes before the next one. */
	uint64_t grace_nsec;
	/* The granted threads bear the blame when they took so many thousandths of the CPU. */
	uint32_t blame_permille;
};

/* What was seen on the CPU since the observation before. */
struct vigil_observation {
	uint64_t now_nsec;
	/* CPU time the granted realtime threads took here. */
	uint64_t granted_nsec;
	/* Time that was nobody's here: steal, irq and softirq. */
	uint64_t stolen_nsec;
	/* How often the canary sang. */
	uint32_t cheeps;
	/*
	 * Its lateness, weighted by how long it lasted: the square of each cheep's. The mean over the cheeps would say little:
	 * since Linux 6.12 the fair server serves short sleepers at once for a third of the time, when they cheep ten times as
	 * often.
	 */
	uint64_t late_usec2;
	/* By how much the canary is late now, and has not sung; 0 when it is not due. */
	uint64_t overdue_nsec;
};

enum vigil_verdict {
	VIGIL_CALM,
	/* It starves, and the granted threads are to blame. */
	VIGIL_SILENCE,
	VIGIL_SLUGGISH,
	/* It starves, and somebody else is to blame: behind a crowd of ordinary threads a canary is easily late. */
	VIGIL_SILENT_INNOCENT,
	VIGIL_SLUGGISH_INNOCENT,
};

struct vigil_part {
	uint64_t elapsed_nsec, granted_nsec, stolen_nsec, late_usec2;
};

/* What being late by so much adds to the sum above; beyond ten seconds no more. */
uint64_t vigil_lateness(uint64_t late_nsec);

struct vigil {
	uint64_t last_nsec;
	/* No silence is judged before. */
	uint64_t grace_until_nsec;
	/* Since the canary last sang, or since this silence was last judged. */
	struct vigil_part silent;
	/* The newest part is the one being filled. */
	struct vigil_part parts[VIGIL_PARTS];
	unsigned int newest;
	/* How many parts were filled since the start. */
	uint64_t filled;
	/* How long the silence was that was last judged, and how late the canary on average when the last window ended. */
	uint64_t judged_nsec;
	uint64_t mean_late_nsec;
};

/* Starts anew: nothing that was seen before counts. */
void vigil_restart(struct vigil *vigil, uint64_t now_nsec);

/* To be called after somebody was demoted: the others get their grace. */
void vigil_spare(struct vigil *vigil, const struct vigil_rule *rule, uint64_t now_nsec);

/*
 * Observations come in order of time. A silence is judged at each, from the end of patience until somebody is to blame, or
 * for half as long again. One that nobody is blamed for is judged anew after as much patience, by what came since: whoever
 * takes over in it shall not hide behind who was there before.
 */
enum vigil_verdict vigil_step(struct vigil *vigil, const struct vigil_rule *rule,
			      const struct vigil_observation *seen);

/*
 * Since which of these moments of the silence, of which the first is its start, what threads did counts in the line-up: the
 * first after which no more than half of it came. As long as granted threads are to blame for all of it, the offender has been
 * there that long; but a crowd of ordinary threads may have begun it, and whoever plays wanted something all the time.
 */
size_t vigil_last_half(const struct vigil *vigil, const struct vigil_rule *rule, const uint64_t *moments_nsec,
		       size_t count);

/* One granted thread's part in it. */
struct vigil_suspect {
	/* CPU time it took on this CPU in the window. */
	uint64_t run_nsec;
	/* Time it was ready to run there and had to wait. */
	uint64_t delay_nsec;
};

/*
 * The offender: of those that ran for at least a tenth of the window, the one with the greatest demand, run and delay
 * together, and at most the window; of those within 5 % of it, the one that ran most. By run time alone the innocent would pay: beside a 70 %
 * audio thread of higher priority an endless hog gets 30 %. Where a crowd took it and nobody a tenth, any of them may be it.
 * -1 when nobody ran.
 */
ptrdiff_t vigil_offender(const struct vigil_suspect *suspects, size_t count, uint64_t window_nsec);

#endif
