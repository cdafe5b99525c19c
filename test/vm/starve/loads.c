/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "loads.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct load loads[loads_max];
int load_count;

static sem_t ready;
static pthread_barrier_t cue;
static _Atomic uint64_t deadline_usec;

static struct timespec timespec(uint64_t usec)
{
	return (struct timespec){ (time_t)(usec / 1000000), (long)(usec % 1000000) * 1000 };
}

static uint64_t clock_usec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t now_usec(void)
{
	return clock_usec(CLOCK_BOOTTIME);
}

static bool over(void)
{
	return now_usec() >= deadline_usec;
}

/* The caller's CPU time. It does not leap, unless the CPU does: the guest's kernel counts what its host takes as ours. */
static uint64_t burned_usec(struct load *load)
{
	uint64_t burned = clock_usec(CLOCK_THREAD_CPUTIME_ID);
	uint64_t leap = burned - load->burned_usec;

	if (leap > load->leap_usec)
		load->leap_usec = leap;
	load->burned_usec = burned;
	return burned;
}

static void hog(struct load *load)
{
	uint64_t until = now_usec() + load->busy_usec;
	struct timespec idle = timespec(load->idle_usec);

	while (now_usec() < until && !over())
		burned_usec(load);
	if (load->idle_usec > 0)
		nanosleep(&idle, NULL);
}

static void play(struct load *load, uint64_t *next_usec)
{
	struct timespec begin = timespec(*next_usec);
	uint64_t until;

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &begin, NULL) == EINTR)
		;
	until = burned_usec(load) + load->busy_usec;
	while (burned_usec(load) < until && !over())
		;
	/* Periods that were missed are left out, as sound that did not come. */
	do
		*next_usec += load->busy_usec + load->idle_usec;
	while (*next_usec < clock_usec(CLOCK_MONOTONIC));
}

static void pin(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	sched_setaffinity(0, sizeof only, &only);
}

static void *run(void *argument)
{
	struct load *load = argument;
	uint64_t next_usec;

	pin(load->cpu);
	load->tid = gettid();
	sem_post(&ready);
	pthread_barrier_wait(&cue);

	load->start_usec = now_usec();
	next_usec = clock_usec(CLOCK_MONOTONIC);
	while (!over()) {
		if (load->hog)
			hog(load);
		else
			play(load, &next_usec);
	}
	return NULL;
}

void add_load(struct load load)
{
	if (load_count == loads_max)
		abort();
	loads[load_count++] = load;
}

void create_loads(void)
{
	sem_init(&ready, 0, 0);
	pthread_barrier_init(&cue, NULL, (unsigned)load_count + 1);
	for (int i = 0; i < load_count; i++) {
		if (pthread_create(&loads[i].thread, NULL, run, &loads[i]) != 0)
			abort();
		sem_wait(&ready);
	}
}

void start_loads(uint64_t usec)
{
	deadline_usec = usec;
	pthread_barrier_wait(&cue);
}

void end_loads(void)
{
	deadline_usec = 0;
	for (int i = 0; i < load_count; i++)
		pthread_join(loads[i].thread, NULL);
}
