/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "sleeper.h"

/* sched_getattr(2); <linux/sched/types.h> cannot stand beside glibc's <sched.h> everywhere. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const uint64_t flag_reset_on_fork = 0x01;

static void *sleep_until_end(void *data)
{
	struct sleeper *sleeper = data;

	sleeper->tid = gettid();
	sem_post(&sleeper->born);
	while (sem_wait(&sleeper->end) < 0)
		;
	return NULL;
}

struct sleeper *sleeper_start(void)
{
	struct sleeper *sleeper = calloc(1, sizeof *sleeper);
	pthread_attr_t attributes;
	int r;

	if (sleeper == NULL)
		die("out of memory");
	sem_init(&sleeper->born, 0, 0);
	sem_init(&sleeper->end, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	r = pthread_create(&sleeper->thread, &attributes, sleep_until_end, sleeper);
	if (r != 0)
		die("cannot start a thread: %s", strerror(r));
	pthread_attr_destroy(&attributes);
	while (sem_wait(&sleeper->born) < 0)
		;
	return sleeper;
}

void sleeper_end(struct sleeper *sleeper)
{
	sem_post(&sleeper->end);
	pthread_join(sleeper->thread, NULL);
	sem_destroy(&sleeper->born);
	sem_destroy(&sleeper->end);
	free(sleeper);
}

void sleeper_require_realtime(const struct sleeper *sleeper)
{
	struct attributes is = { .size = sizeof is };

	if (syscall(SYS_sched_getattr, sleeper->tid, &is, sizeof is, 0) < 0)
		die("cannot read the scheduling of thread %d", sleeper->tid);
	if (is.policy != SCHED_RR || is.priority != granted_priority || !(is.flags & flag_reset_on_fork))
		die("thread %d was said to be realtime and is not: policy %u, priority %u, flags %#llx", sleeper->tid,
		    is.policy, is.priority, (unsigned long long)is.flags);
}
