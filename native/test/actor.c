/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "actor.h"

#include "../now.h"
#include "../realtime-broker.h"
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* No test lasts longer, and no realtime thread of one that hangs shall live on. */
#define LIFE_SEC 20

static void settle(const struct part *part, int parent)
{
	struct rlimit cpu = { LIFE_SEC, LIFE_SEC };
	cpu_set_t there;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(LIFE_SEC);
	setrlimit(RLIMIT_CPU, &cpu);
	prctl(PR_SET_NAME, "actor");
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (part->cpu < 0)
		return;
	CPU_ZERO(&there);
	CPU_SET(part->cpu, &there);
	sched_setaffinity(0, sizeof there, &there);
}

static void burn(clockid_t clock, unsigned int usec)
{
	uint64_t until = clock_nsec(clock) + usec * UINT64_C(1000);

	while (clock_nsec(clock) < until)
		;
}

static void play_periods(const struct part *part, struct act *act)
{
	uint64_t next = now_nsec();

	for (;;) {
		struct timespec until = { (time_t)(next / NSEC_PER_SEC), (long)(next % NSEC_PER_SEC) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		burn(CLOCK_THREAD_CPUTIME_ID, part->busy_usec);
		next += part->period_usec * UINT64_C(1000);
		atomic_fetch_add(&act->periods, 1);
		if (now_nsec() > next) {
			atomic_fetch_add(&act->missed, 1);
			next = now_nsec();
		}
	}
}

static void play(const struct part *part, struct act *act)
{
	while (!atomic_load(&act->curtain))
		usleep(500);
	atomic_store(&act->since_usec, rtb_boottime_usec());
	if (part->period_usec > 0)
		play_periods(part, act);
	for (;;) {
		if (part->busy_usec == 0)
			pause();
		burn(CLOCK_MONOTONIC, part->busy_usec);
		if (part->sleep_usec > 0)
			usleep(part->sleep_usec);
	}
}

void actor_cast(struct actor *actor, struct part part)
{
	int parent = getpid();

	actor->part = part;
	actor->act = mmap(NULL, sizeof *actor->act, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(actor->act != MAP_FAILED);
	actor->pid = fork();
	CHECK(actor->pid >= 0);
	if (actor->pid == 0) {
		settle(&part, parent);
		play(&part, actor->act);
	}
}

void actor_begin(struct actor *actor)
{
	atomic_store(&actor->act->curtain, 1);
}

void actor_end(struct actor *actor)
{
	kill(actor->pid, SIGKILL);
	waitpid(actor->pid, NULL, 0);
	munmap(actor->act, sizeof *actor->act);
}

int actor_policy(const struct actor *actor)
{
	int32_t found[4];

	return rtb_sched_get(actor->pid, found) < 0 ? -1 : found[0];
}
