/* SPDX-License-Identifier: MIT */

/*
 * What the daemon cannot do well from JavaScript. Every function returns 0 or more, or -errno, so that errno need not
 * survive the way there. No function keeps a pointer it was passed, and there is no file-scope state.
 */
#ifndef REALTIME_BROKER_H
#define REALTIME_BROKER_H

#include <stdint.h>

#define RTB_EXPORT __attribute__((visibility("default")))

/*
 * sched_setattr(2): `policy` is SCHED_OTHER to SCHED_IDLE; `priority` counts under SCHED_FIFO and SCHED_RR, `nice` under
 * the others; a thread's nice level survives a time under SCHED_RR. Without `reset_on_fork` that flag is cleared.
 * -EINVAL for a tid below 1: the kernel would take 0 for the calling thread.
 */
RTB_EXPORT int rtb_sched_set(int tid, int policy, int priority, int nice, int reset_on_fork);

/* sched_getattr(2): { policy, priority, nice, reset on fork }, where nice is true under SCHED_FIFO and SCHED_RR too. */
RTB_EXPORT int rtb_sched_get(int tid, int32_t found[4]);

/*
 * Makes every thread of this process SCHED_RR, and those that start later with them: hence without reset-on-fork, which a
 * new thread takes for its own. If that cannot be, all threads are as they were.
 *
 * Sets RLIMIT_RTTIME first: a thread that has been busy for 2 s without a pause is told so by SIGXCPU, which must not be
 * left to its default, and for 15 s by SIGKILL: nobody else can end it, where it leaves no CPU to anybody.
 */
RTB_EXPORT int rtb_sched_raise_process(int priority);

/* What to do at SIGXCPU: sleeps 1 ms, from which on the kernel counts the caller's time anew. */
RTB_EXPORT int rtb_sched_pause(void);

/* Tries whether this process may make a thread SCHED_RR: on a thread of its own, priority 1, reset-on-fork, read back. */
RTB_EXPORT int rtb_sched_try_realtime(void);

/*
 * pidfd_open(2), close-on-exec. With `of_thread` any thread's tid and PIDFD_THREAD (Linux 6.9; -EINVAL before it);
 * without, a process's pid only (-EINVAL or -ENOENT for another thread's tid).
 */
RTB_EXPORT int rtb_pidfd_open(int tid, int of_thread);

/*
 * 1 when what the pidfd means has ended, 0 when it lives; never waits. A main thread that ends before the others of its
 * process counts as alive until the last one ends (since Linux 6.16, with PIDFD_THREAD too).
 */
RTB_EXPORT int rtb_pidfd_gone(int pidfd);

/*
 * { real, effective, saved, file-system uid } of the thread or process that the pidfd means; PIDFD_GET_INFO (Linux 6.13;
 * -ENOTTY before it). -ESRCH when it has ended. In a tenth of the time it takes to read them in /proc.
 */
RTB_EXPORT int rtb_pidfd_uids(int pidfd, uint32_t uids[4]);

/*
 * Reads a whole file of /proc or /sys of less than `size` bytes and returns its length. -EFBIG for a longer one. Node's own
 * reading costs as much again as the kernel's part of it.
 */
RTB_EXPORT int64_t rtb_read(const char *path, uint8_t *bytes, int64_t size);

/*
 * Device and inode of the file that the path leads to; statx(2). What the kernel knows already is enough: a file system in
 * user space, or a server that is gone, is not asked, since the program file of a stranger may lie there.
 */
RTB_EXPORT int rtb_file_id(const char *path, int64_t found[2]);

/*
 * prlimit(2) of RLIMIT_RTTIME: { soft, hard } in microseconds, -1 for no limit, and what it was before. -EPERM for another
 * user's process without CAP_SYS_RESOURCE, and for raising a hard limit without it; -EINVAL for a pid below 1.
 */
RTB_EXPORT int rtb_rttime_set(int pid, const int64_t limits[2], int64_t before[2]);

/* CLOCK_BOOTTIME, which runs on in suspend, and CLOCK_REALTIME, in microseconds; clock_gettime(2). */
RTB_EXPORT int64_t rtb_boottime_usec(void);
RTB_EXPORT int64_t rtb_realtime_usec(void);

/*
 * CPU time that all threads of a process have used, in nanoseconds modulo 2^53: to tell whether any has run meanwhile. Of
 * one that runs at this moment the kernel counts at its next tick, a second later at most. -EINVAL when there is no such process.
 */
RTB_EXPORT int64_t rtb_used_nsec(int pid);

/*
 * Tells of threads that ended: a thread sleeps in epoll_wait(2) over pidfds and writes one record, the cookie as a
 * native 64-bit number, for each that ends, once, to a stream socket. It starts with the first pidfd watched, runs
 * SCHED_OTHER with all signals blocked, and wakes for nothing else. When the reader is slow, it waits; nothing is lost.
 */
struct rtb_waiter;

/* Returns the descriptor to read records from, which is the caller's to close. It reads end-of-file if the waiter dies. */
RTB_EXPORT int rtb_waiter_open(struct rtb_waiter **waiter);

/*
 * Returns the cookie, from 1 up and never the same twice. From any thread, at any time before rtb_waiter_close().
 * The pidfd stays the caller's.
 */
RTB_EXPORT int64_t rtb_waiter_watch(struct rtb_waiter *waiter, int pidfd);

/* To be called before the pidfd is closed. A record already on its way still arrives. -ENOENT if not watched. */
RTB_EXPORT int rtb_waiter_forget(struct rtb_waiter *waiter, int pidfd);

/* Ends the thread and frees the waiter: no other call may be under way. Pidfds and the reader's end stay open. */
RTB_EXPORT int rtb_waiter_close(struct rtb_waiter *waiter);

/*
 * The watchdog: keeps the machine alive while JavaScript may not run. It looks at the granted threads of its roster, arms
 * a canary on each CPU where they burn, and demotes by itself whoever starves it. While the roster is empty nothing wakes.
 */
struct rtb_watchdog;

struct rtb_watchdog_rule {
	/* Its own SCHED_RR priority, above all grants. */
	int32_t priority;
	/* So many grants can be watched at once, at most 2^20. */
	int32_t capacity;
	/* See vigil.h. */
	int32_t patience_msec;
	int32_t sluggish_msec;
	int32_t sluggish_window_msec;
	int32_t grace_msec;
	int32_t blame_permille;
	int32_t nice_window_msec;
	/* Not 0: realtime threads that nobody granted are demoted too, when they starve a CPU. */
	int32_t demote_unknown;
};

enum rtb_watchdog_event_kind {
	/* Nothing more than that events were lost. */
	RTB_LOST = 0,
	/* A granted thread was demoted: cookie, cpu, reason, late, ran, window. It is watched no more until it enters anew. */
	RTB_DEMOTED = 1,
	/* A CPU's canary starves: cpu, reason, late; RTB_DEMOTED follows if a granted thread is to blame. */
	RTB_STARVED = 2,
	/* It does no more, or can be put there again: cpu. */
	RTB_RECOVERED = 3,
	/* No canary can be put on this CPU, though granted threads may run there: cpu. */
	RTB_UNREACHABLE = 4,
	/* The machine stood still, or slept, for so long, or the watchdog could not run: late. All windows began anew. */
	RTB_STOOD_STILL = 5,
	/* Where no granted thread is to blame, each of the few that are: cpu, reason, stranger. */
	RTB_STRANGER = 6,
	/* The same, and it was demoted. */
	RTB_STRANGER_DEMOTED = 7,
	/* A granted worker ran another program, whose main thread kept its realtime: that one was demoted. cookie. */
	RTB_HEIR_DEMOTED = 8,
};

enum rtb_watchdog_reason {
	RTB_SILENCE = 1,
	RTB_SLUGGISH = 2,
	/* Granted threads are not to blame. */
	RTB_INNOCENT = 3,
	/* High-priority threads kept the ordinary ones waiting. */
	RTB_NICE = 4,
};

/* A realtime thread that nobody granted; never one of the kernel's, of PID 1's, or of this process. */
struct rtb_watchdog_stranger {
	int32_t tid;
	int32_t pid;
	/* SCHED_FIFO, SCHED_RR or SCHED_DEADLINE. */
	uint16_t policy;
	uint16_t priority;
	/* Of the CPU it took so many thousandths while it was looked at. */
	uint32_t ran_permille;
	/* As its owner named it: any bytes, and no NUL at the end when it fills the field. */
	char comm[16];
};

/* As it is read from the watchdog's descriptor, in the machine's byte order. What an event does not tell of is 0. */
struct rtb_watchdog_event {
	int32_t kind;
	int32_t reason;
	int32_t cpu;
	/* So many events before this one were not read in time and are lost: then every grant needs a look. */
	uint32_t lost;
	int64_t cookie;
	int64_t boottime_usec;
	union {
		struct {
			uint64_t late_nsec;
			/* CPU time the thread took in the window before. */
			uint64_t ran_nsec;
			uint64_t window_nsec;
			uint64_t spare;
		};
		struct rtb_watchdog_stranger stranger;
	};
};

/*
 * Starts it, asleep. Returns the descriptor to read events from, which is the caller's to close. -EPERM when it may not
 * have its priority: a watchdog that starves with the others is none.
 */
RTB_EXPORT int rtb_watchdog_open(struct rtb_watchdog **watchdog, const struct rtb_watchdog_rule *rule);

/*
 * Enters a thread, to be done before it is promoted. `high_priority` is 0 for realtime. Returns its cookie, never the same
 * twice and below 2^53; -ESRCH, -ENOSPC when the roster is full, -EMFILE, -ENFILE. By one thread only, like the next.
 */
RTB_EXPORT int64_t rtb_watchdog_enter(struct rtb_watchdog *watchdog, int pid, int tid, uint32_t uid, int high_priority);

/* -ENOENT when it has left before. */
RTB_EXPORT int rtb_watchdog_leave(struct rtb_watchdog *watchdog, int64_t cookie);

/* What was seen so far counts no more: the machine is about to sleep, or has just woken. */
RTB_EXPORT int rtb_watchdog_restart(struct rtb_watchdog *watchdog);

/* The canaries' lateness is counted in classes: below 1, 2, 4 … 1024 msec, and from there on. */
#define RTB_LATE_CLASSES 12

/* Since the start. */
struct rtb_watchdog_report {
	uint64_t looks;
	/* Canaries that are armed now; all cheeps, how late they were together, and how many of them were how late. */
	uint64_t armed;
	uint64_t cheeps;
	uint64_t late_usec;
	uint64_t late[RTB_LATE_CLASSES];
};

/* Of one CPU, or of all with -1. From any thread. -EINVAL for a CPU that is none. */
RTB_EXPORT int rtb_watchdog_report(struct rtb_watchdog *watchdog, int cpu, struct rtb_watchdog_report *report);

/* Ends its threads and frees it. No other call may be under way. */
RTB_EXPORT int rtb_watchdog_close(struct rtb_watchdog *watchdog);

#endif
