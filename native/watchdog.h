/* SPDX-License-Identifier: MIT */

/* The inside of the watchdog, shared by the files it is written in. All of it belongs to the watchdog thread. */
#ifndef RTB_WATCHDOG_H
#define RTB_WATCHDOG_H

#include "canary.h"
#include "looks.h"
#include "realtime-broker.h"
#include "roster.h"
#include "vigil.h"

#include <sched.h>
#include <semaphore.h>

struct cpu {
	struct canary canary;
	struct vigil vigil;
	bool armed, starved, unreachable;
	/* CPU time that granted realtime threads took since the last look. */
	uint64_t burned_nsec;
	uint64_t quiet_since_nsec;
	/* As of the last judgement. */
	uint64_t cheeps, late_usec2, stolen_nsec;
	/* What threads did here counts under these serials: since the canary sang, and in the last parts, newest first. */
	uint64_t silent_serial, part_serials[RECENT_PARTS];
	uint64_t parts_since_nsec[RECENT_PARTS];
	uint64_t parts_filled;
};

/* High-priority grants are judged over the whole machine, by what they took from whom they keep waiting. */
struct nice_watch {
	bool running;
	uint64_t serial, since_nsec, length_nsec;
	/* Sums over the window: runnable threads at each look, and time granted threads of either kind spent waiting. */
	uint64_t runnable, looks, granted_waiting_nsec;
	uint64_t busy_nsec;
};

struct rtb_watchdog {
	struct rtb_watchdog_rule rule;
	struct vigil_rule vigil_rule;
	struct roster roster;
	struct cpu *cpus;
	struct cpu_times *times;
	size_t cpu_count;
	struct vigil_suspect *suspects;
	size_t *suspect_slots;
	struct nice_watch nice;
	cpu_set_t home;
	int wake_fd, stat_fd, event_fd;
	/* Threads that could be run at the last look, on all CPUs; negative when not known. */
	int runnable;
	uint64_t serial, last_nsec, asleep_nsec;
	uint32_t lost;
	_Atomic bool ended, restart;
	bool started;
	pthread_t thread;
	/* Whether it runs, posted once. */
	sem_t ready;
	int status;
	char text[65536];
};

/* Says it to JavaScript, without ever waiting for it. */
void tell(struct rtb_watchdog *dog, struct rtb_watchdog_event event);

/* A serial that nothing counts under yet. */
uint64_t new_serial(struct rtb_watchdog *dog);

/* Demotes this guest, if it is still the one that was granted, and says so. False when it has ended. */
bool demote(struct rtb_watchdog *dog, size_t index, struct rtb_watchdog_event event);

/* One CPU and the realtime threads on it. True while its canary is armed. */
void count_on_cpu(struct rtb_watchdog *dog, struct guest *guest);
bool judge_cpu(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now, uint64_t elapsed);
void start_cpu_anew(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now);
bool burns(const struct cpu *cpu, uint64_t elapsed);

/* The high-priority threads. True while they burn enough to be looked at often. */
void count_nice(struct rtb_watchdog *dog, struct guest *guest);
void judge_nice(struct rtb_watchdog *dog, uint64_t now, bool burning);
void start_nice_anew(struct rtb_watchdog *dog);

#endif
