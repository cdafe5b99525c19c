/* SPDX-License-Identifier: MIT */
#include "stories.h"

/* Seven tenths of a CPU, in the periods that audio has. */
#define PLAYERS(cpu, priority) { PLAYER, cpu, priority, 1, 3500, 1500 }
/* More than anybody's share of the blame, and yet it keeps nobody waiting for long. */
#define BUSY_PLAYER(cpu, priority) { PLAYER, cpu, priority, 1, 4500, 500 }
/* What RLIMIT_RTTIME never catches: it sleeps now and then. */
#define HOGS(cpu, priority, count, idle_usec) { HOG, cpu, priority, count, 150000, idle_usec }
/* Realtime without anybody's leave. */
#define STRANGERS(cpu, priority) { STRANGER, cpu, priority, 1, 150000, 1 }
#define LATE_HOGS(cpu, priority, after_usec) { HOG, cpu, priority, 1, 150000, 1, after_usec }
#define CROWD(cpu) { HOG, cpu, 0, 50, 1000, 0 }

enum { HOGS_MSEC = 12000, CALM_MSEC = 3000 };

const struct story stories[] = {
	{ "a hog that sleeps 1 µs", 1, HOGS_MSEC, { HOGS(LAST, 10, 1, 1) } },
	{ "a hog that sleeps 100 µs", 1, HOGS_MSEC, { HOGS(LAST, 10, 1, 100) } },
	{ "a hog that sleeps 1 ms", 1, HOGS_MSEC, { HOGS(LAST, 10, 1, 1000) } },
	{ "a hog that sleeps 5 ms", 1, HOGS_MSEC, { HOGS(LAST, 10, 1, 5000) } },
	{ "a hog below a player", 1, HOGS_MSEC, { HOGS(LAST, 5, 1, 1), PLAYERS(LAST, 10) } },
	{ "a hog beside a player", 1, HOGS_MSEC, { HOGS(LAST, 10, 1, 1), PLAYERS(LAST, 10) } },
	{ "a hog above a player", 1, HOGS_MSEC, { HOGS(LAST, 15, 1, 1), PLAYERS(LAST, 10) } },
	{ "three hogs on a CPU", 1, HOGS_MSEC, { HOGS(LAST, 10, 2, 1), HOGS(LAST, 12, 1, 1) } },
	{ "a hog on each CPU", 2, HOGS_MSEC, { HOGS(EACH, 10, 1, 1) } },
	{ "a hog and a player on each CPU", 1, HOGS_MSEC, { HOGS(EACH, 15, 1, 1), PLAYERS(EACH, 10) } },
	{ "a hog far from a busy player", 2, HOGS_MSEC, { HOGS(LAST, 10, 1, 1), BUSY_PLAYER(FIRST, 10) } },
	{ "hogs while a CPU goes and comes", 2, HOGS_MSEC, { HOGS(EACH, 10, 1, 1) }, unplug_last_cpu },
	{ "a hog that comes into a crowd", 1, HOGS_MSEC, { LATE_HOGS(LAST, 10, 900000), PLAYERS(LAST, 10), CROWD(EACH) } },
	{ "a stranger below a player", 1, HOGS_MSEC, { STRANGERS(LAST, 5), PLAYERS(LAST, 10) }, .demote_unknown = true },
	{ "players", 1, CALM_MSEC, { PLAYERS(EACH, 10) } },
	{ "players in a crowd of 50", 1, CALM_MSEC, { PLAYERS(EACH, 10), CROWD(EACH) } },
	{ "players while a CPU goes and comes", 2, CALM_MSEC, { PLAYERS(FIRST, 10) }, unplug_last_cpu },
	{ "players in a stopped machine", 1, CALM_MSEC, { PLAYERS(EACH, 10) }, stop_guest, .stands_still = true },
	{ "players under a frozen hypervisor", 1, CALM_MSEC, { PLAYERS(EACH, 10) }, freeze_qemu, .stands_still = true },
	{ "players in suspend to idle", 1, CALM_MSEC, { PLAYERS(EACH, 10) }, suspend_to_idle, .stands_still = true },
	{ "players in suspend to memory", 1, CALM_MSEC, { PLAYERS(EACH, 10) }, suspend_to_memory, .stands_still = true },
	{ "players while the clock jumps", 1, CALM_MSEC, { PLAYERS(EACH, 10) }, jump_clock },
	{ "players above a storm of interrupts", 2, CALM_MSEC, { PLAYERS(LAST, 60), CROWD(LAST) }, storm_of_interrupts,
	  .demote_unknown = true, .possible = interrupts_have_threads },
};

const int story_count = sizeof stories / sizeof *stories;
