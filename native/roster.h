/* SPDX-License-Identifier: MIT */

/*
 * The granted threads, as the watchdog knows them. JavaScript enters and leaves, the watchdog alone reads, and neither
 * ever waits for the other: a slot belongs to whom its state says, and only its owner changes it. What a slot keeps open
 * is closed by the watchdog, which may be reading it.
 */
#ifndef RTB_ROSTER_H
#define RTB_ROSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slot_state {
	/* Of him who enters. */
	SLOT_EMPTY,
	/* Of the watchdog. */
	SLOT_ENTERED,
	/* Of the watchdog, which empties it at its next look. */
	SLOT_LEFT,
};

enum grant_kind { GRANT_REALTIME, GRANT_HIGH_PRIORITY };

/* So many of the last parts of a window of sluggishness say who the offender is: whoever made it has been there that long. */
#define RECENT_PARTS 3

/* Moments of a silence from which on it is known what threads did: its start, and some of which one is its middle. */
#define SILENT_MARKS 6

/* What a thread did on one CPU since the watchdog gave out this serial; nothing, if it is another one. */
struct tally {
	uint64_t serial;
	uint64_t run_nsec, delay_nsec;
};

struct guest {
	int pid, tid;
	uint32_t uid;
	enum grant_kind kind;
	/* All three mean the very thread, whoever has its tid by now: pidfd, and files of /proc/PID/task/TID. */
	int pidfd, schedstat_fd, stat_fd;

	/* The rest is the watchdog's own, once it has entered. */
	bool demoted, ended;
	/* Of its SCHED_RR; 0 while not known. */
	int priority;
	/* Where it ran last; -1 while not known. */
	int cpu;
	/* As of the last look. */
	uint64_t run_nsec, delay_nsec;
	/* What came since the last look. */
	uint64_t ran_nsec, waited_nsec;
	struct tally silent[SILENT_MARKS], parts[RECENT_PARTS], nice;
};

struct slot {
	_Atomic int state;
	/* Counts its guests, so that a cookie of the one before means nobody. His who enters. */
	uint32_t generation;
	struct guest guest;
};

struct roster {
	struct slot *slots;
	size_t capacity;
	/* Slots from here on are empty. */
	_Atomic size_t high;
	_Atomic size_t entered;
	size_t cursor;
};

/* The capacity is at most 2^20. 0 or -errno. */
int roster_open(struct roster *roster, size_t capacity);
void roster_close(struct roster *roster);

/*
 * To be called by one thread only. Opens what the watchdog needs, so that it need not when the machine starves. Returns a
 * cookie, never the same twice; -ESRCH when the thread has ended, -ENOSPC when the roster is full, -EMFILE, -ENFILE.
 */
int64_t roster_enter(struct roster *roster, int pid, int tid, uint32_t uid, enum grant_kind kind);
/* -ENOENT when it has left before. */
int roster_leave(struct roster *roster, int64_t cookie);

/* For the watchdog: the guest of a slot, or NULL; and who left is shown out. */
struct guest *roster_guest(struct roster *roster, size_t index);
int64_t roster_cookie(const struct roster *roster, size_t index);
/* Whether a guest that was not demoted has this tid. */
bool roster_watches(struct roster *roster, int tid);

#endif
