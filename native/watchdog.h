/* SPDX-License-Identifier: MIT */

/* The inside of the watchdog, shared by the files it is written in. What is not atomic belongs to the watchdog thread. */
#ifndef RTB_WATCHDOG_H
#define RTB_WATCHDOG_H

#include "canary.h"
#include "events.h"
#include "houses.h"
#include "looks.h"
#include "realtime-broker.h"
#include "roster.h"
#include "scout.h"
#include "vigil.h"

#include <semaphore.h>

struct cpu {
	struct canary canary;
	struct vigil vigil;
	bool armed, starved;
	/* No canary can be put there, as was told; and when that was tried last. */
	bool unreachable;
	uint64_t tried_nsec;
	/* Of JavaScript's thread: whether one can was tried for some thread that may run there. */
	bool tried;
	/* Who starves it, though nobody granted it anything, was told since it starves; and when the scout was sent last. */
	bool named;
	uint64_t sought_nsec;
	/* CPU time that granted realtime threads took since the last look. */
	uint64_t burned_nsec;
	/* Since when they took little of it; when the canary was last late. */
	uint64_t quiet_since_nsec, late_nsec;
	/* As of the last judgement. */
	uint64_t cheeps, late_usec2, stolen_nsec;
	/* What threads did here counts under these serials: since each mark of the silence so far, and in the last parts, newest first. */
	uint64_t mark_serials[SILENT_MARKS], marks_nsec[SILENT_MARKS];
	size_t marks;
	uint64_t part_serials[RECENT_PARTS], parts_since_nsec[RECENT_PARTS];
	uint64_t parts_filled;
	/* CPU time that high-priority threads took in the window of the watch on them; and what was stolen until it began. */
	uint64_t nice_nsec, nice_stolen_nsec;
};

/* High-priority grants are judged CPU by CPU too, by what they took there from whom they kept waiting. */
struct nice_watch {
	bool running;
	uint64_t serial, since_nsec, length_nsec;
	/* The CPU the scout was sent to; or from which on the next one is looked for. */
	size_t cpu;
	bool scouting;
	/* Sums over the window: runnable threads at each look, and time granted threads of either kind spent waiting. */
	uint64_t runnable, looks, granted_waiting_nsec;
	uint64_t busy_nsec;
};

/* How long the watchdog was away though it wanted to be here. */
struct pace {
	/* When this was last asked, on the wall and in its own CPU time. */
	uint64_t asked_nsec, cpu_nsec;
	/* It wanted to be away for so long since. */
	uint64_t intended_nsec;
};

struct rtb_watchdog {
	struct rtb_watchdog_rule rule;
	struct vigil_rule vigil_rule;
	struct roster roster;
	struct houses houses;
	struct events events;
	struct scout scout;
	struct nice_watch nice;
	struct pace pace;
	struct cpu *cpus;
	struct cpu_times *times;
	size_t cpu_count;
	int wake_fd, stat_fd;
	/* Threads that could be run at the last look, on all CPUs; negative when not known. */
	int runnable;
	/* /proc/stat is not read again before. */
	uint64_t next_stat_nsec;
	uint64_t serial, round, last_nsec, asleep_nsec;
	_Atomic uint64_t looks;
	_Atomic bool ended, restart;
	/* A CPU without a canary is needed: whoever calls next from JavaScript starts it. */
	_Atomic bool canary_missing;
	bool started;
	pthread_t thread;
	/* Whether it runs, posted once. */
	sem_t ready;
	int status;
	/* What /proc/stat says. */
	char *text;
	size_t text_size;
};

/* round.c: the thread. */
void *watchdog_run(void *watchdog);
/* A serial that nothing counts under yet. */
uint64_t new_serial(struct rtb_watchdog *dog);
/* To be called when the watchdog has waited on purpose. */
void intended(struct rtb_watchdog *dog, uint64_t nsec);
void look_at_cpus(struct rtb_watchdog *dog);
/* Demotes this guest, if it is still the one that was granted, and says so. False when it has ended. */
bool demote(struct rtb_watchdog *dog, size_t index, struct rtb_watchdog_event event);

/* watch_cpu.c: one CPU and the realtime threads on it. judge_cpu() says whether its canary is armed. */
void count_on_cpu(struct rtb_watchdog *dog, struct guest *guest);
bool judge_cpu(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now, uint64_t elapsed);
void start_cpu_anew(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now);
void disarm_cpu(struct rtb_watchdog *dog, struct cpu *cpu);
void spare_cpu(struct rtb_watchdog *dog, struct cpu *cpu);
/* Of `event` kind and time are filled in. */
void tell_starved(struct rtb_watchdog *dog, struct cpu *cpu, struct rtb_watchdog_event event);
bool burns(const struct cpu *cpu, uint64_t elapsed);

/* watch_strangers.c: realtime threads that nobody granted. */
void seek_strangers(struct rtb_watchdog *dog, struct cpu *cpu);
void judge_strangers(struct rtb_watchdog *dog);

/* watch_nice.c: the high-priority threads. `burning` is whether they take much now. */
void count_nice(struct rtb_watchdog *dog, struct guest *guest);
void judge_nice(struct rtb_watchdog *dog, uint64_t now, bool burning);
void start_nice_anew(struct rtb_watchdog *dog);

#endif
