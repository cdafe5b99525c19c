/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "loads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct load *loads;
int load_count;

static struct shared {
	sem_t ready, cue;
	_Atomic uint64_t deadline_usec;
	struct load loads[loads_max];
} *shared;
static pid_t process;

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
	return now_usec() >= shared->deadline_usec;
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
	sem_post(&shared->ready);
	while (sem_wait(&shared->cue) < 0)
		;

	usleep((useconds_t)load->after_usec);
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
	if (shared == NULL) {
		shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			abort();
		loads = shared->loads;
	}
	if (load_count == loads_max)
		abort();
	loads[load_count++] = load;
}

static void run_all(void)
{
	pthread_t threads[loads_max];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < load_count; i++)
		if (pthread_create(&threads[i], NULL, run, &loads[i]) != 0)
			abort();
	for (int i = 0; i < load_count; i++)
		pthread_join(threads[i], NULL);
}

int create_loads(void)
{
	sem_init(&shared->ready, 1, 0);
	sem_init(&shared->cue, 1, 0);
	process = fork();
	if (process == 0) {
		run_all();
		_exit(0);
	}
	if (process < 0)
		abort();
	for (int i = 0; i < load_count; i++)
		sem_wait(&shared->ready);
	return process;
}

void start_loads(uint64_t usec)
{
	shared->deadline_usec = usec;
	for (int i = 0; i < load_count; i++)
		sem_post(&shared->cue);
}

void end_loads(void)
{
	int status;

	shared->deadline_usec = 0;
	if (waitpid(process, &status, 0) < 0 || status != 0)
		abort();
}
