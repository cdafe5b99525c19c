/* SPDX-License-Identifier: MIT */
#ifndef RTB_THREAD_H
#define RTB_THREAD_H

#include <pthread.h>

/* Starts a thread with all signals blocked, so that none meant for the daemon is handled there. 0 or -errno. */
int rtb_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* The calling thread's tid. */
int rtb_tid(void);

#endif
