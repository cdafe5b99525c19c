/* SPDX-License-Identifier: MIT */

/* By number: glibc has no wrapper for some of these before 2.41, and musl's sched_setscheduler() only says ENOSYS. */
#ifndef RTB_SYSCALLS_H
#define RTB_SYSCALLS_H

#if defined(__x86_64__) && !defined(__ILP32__)
#define RTB_SYS_SCHED_SETATTR 314
#define RTB_SYS_SCHED_GETATTR 315
#define RTB_SYS_PIDFD_OPEN 434
#elif defined(__aarch64__) && !defined(__ILP32__)
#define RTB_SYS_SCHED_SETATTR 274
#define RTB_SYS_SCHED_GETATTR 275
#define RTB_SYS_PIDFD_OPEN 434
#else
#error "The numbers of sched_setattr, sched_getattr and pidfd_open are known for x86-64 and arm64 only."
#endif

#endif
