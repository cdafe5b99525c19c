/* SPDX-License-Identifier: MIT */
#ifndef RTB_SLEEPER_H
#define RTB_SLEEPER_H

#include <pthread.h>

/* A thread that sleeps until it is told to end. */
struct sleeper {
	pthread_t thread;
	int tid;
	int end_fd;
	int ready_fd;
};

void sleeper_start(struct sleeper *sleeper);
/* Returns when nothing is left of it in the kernel either. */
void sleeper_end(struct sleeper *sleeper);

#endif
