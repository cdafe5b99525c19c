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

/* CLOCK_BOOTTIME, which runs on in suspend, and CLOCK_REALTIME, in microseconds; clock_gettime(2). */
RTB_EXPORT int64_t rtb_boottime_usec(void);
RTB_EXPORT int64_t rtb_realtime_usec(void);

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

#endif
