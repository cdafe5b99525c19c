/* SPDX-License-Identifier: MIT */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <sys/types.h>

/* A thread that only waits to be ended: what is promoted never competes for the CPU that is measured. */
struct sleeper {
	pid_t tid;
	pthread_t thread;
	sem_t born, end;
};

struct sleeper *sleeper_start(void);
void sleeper_end(struct sleeper *sleeper);

/* Reads back from the kernel that the thread is SCHED_RR with reset-on-fork, or ends the program. */
void sleeper_require_realtime(const struct sleeper *sleeper);
