/* SPDX-License-Identifier: MIT */

/*
 * The scout: looks through /proc for who runs or waits on a CPU, where the roster does not know. Reading /proc may wait
 * for locks that starving threads hold, so it is a thread of its own, and the watchdog never waits for it. It sleeps until
 * it is sent, and takes small steps, for it too runs above all audio threads.
 */
#ifndef RTB_SCOUT_H
#define RTB_SCOUT_H

#include "looks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many threads are measured, in the order of /proc. */
#define FINDINGS_MAX 128

enum scout_wants {
	/* Threads of SCHED_FIFO, SCHED_RR and SCHED_DEADLINE. */
	SCOUT_REALTIME,
	/* Runnable threads of SCHED_OTHER and SCHED_BATCH at nice 0 to 9: who is nicer has agreed to wait. */
	SCOUT_ORDINARY,
};

struct finding {
	int pid, tid;
	struct thread_look look;
	/* Over the window: CPU time it took; and how long it was runnable, as far as looking now and then can tell. */
	uint64_t run_nsec, ready_nsec;
	/* Both mean the very thread, however long ago it was found: its stat file, and a realtime one's pidfd, -1 before Linux 6.9. */
	int stat_fd, pidfd;
	/* While it is measured. */
	uint64_t first_run_nsec;
	unsigned int ready;
};

struct scout {
	int wake_fd, proc_fd;
	pthread_t thread;
	bool started;
	_Atomic bool ended;
	_Atomic int state;
	/* Of the watchdog while the scout is at home or back, of the scout while it is out. */
	enum scout_wants wants;
	int cpu, priority;
	size_t count;
	uint64_t window_nsec;
	struct finding findings[FINDINGS_MAX];
	uint64_t deadline_nsec, breath_nsec;
	_Alignas(8) char processes[16384];
	_Alignas(8) char threads[16384];
};

/* Starts the thread, at once asleep; SCHED_RR of this priority. 0 or -errno. */
int scout_start(struct scout *scout, int priority);
void scout_stop(struct scout *scout);

/* Sends it; never waits. False while it is out or its findings are still being read. */
bool scout_send(struct scout *scout, enum scout_wants wants, int cpu);

/* Whether it is back with what was wanted; the findings then are the watchdog's, until scout_dismiss(). */
bool scout_back(const struct scout *scout, enum scout_wants wants);
void scout_dismiss(struct scout *scout);

#endif
