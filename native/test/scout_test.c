/* SPDX-License-Identifier: MIT */

/* The scout on the real /proc, with actors to be found on CPU 1. */
#define _GNU_SOURCE
#include "../now.h"
#include "../realtime-broker.h"
#include "../scout.h"
#include "../thread.h"
#include "actor.h"
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define CPU 1
#define PRIORITY 90

/* What it brings back; it is dismissed by the next who sends it. */
static void send_and_wait(struct scout *scout, enum scout_wants wants, int cpu)
{
	uint64_t start = now_nsec();

	CHECK(scout_send(scout, wants, cpu));
	CHECK(!scout_send(scout, wants, cpu));
	while (!scout_back(scout, wants)) {
		CHECK(now_nsec() - start < 10 * NSEC_PER_SEC);
		usleep(5000);
	}
	CHECK(!scout_back(scout, wants == SCOUT_REALTIME ? SCOUT_ORDINARY : SCOUT_REALTIME));
}

static const struct finding *find(const struct scout *scout, int tid)
{
	for (size_t i = 0; i < scout->count; i++)
		if (scout->findings[i].tid == tid)
			return &scout->findings[i];
	return NULL;
}

static void stay_on(int cpu)
{
	cpu_set_t there;

	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	CHECK(sched_setaffinity(0, sizeof there, &there) == 0);
}

static void *sleep_as_realtime(void *argument)
{
	_Atomic int *tid = argument;

	stay_on(CPU);
	CHECK(rtb_sched_set(rtb_tid(), SCHED_RR, 3, 0, 1) == 0);
	atomic_store(tid, rtb_tid());
	for (;;)
		usleep(1000);
}

static void realtime_threads_are_found_by_what_they_took(struct scout *scout)
{
	struct actor hog, audio, elsewhere, ordinary;
	_Atomic int own = 0;
	pthread_t thread;

	actor_cast(&hog, (struct part){ .cpu = CPU, .busy_usec = 150000, .sleep_usec = 100 });
	actor_cast(&audio, (struct part){ .cpu = CPU, .busy_usec = 1500, .period_usec = 5000 });
	actor_cast(&elsewhere, (struct part){ .cpu = 0, .busy_usec = 1500, .period_usec = 5000 });
	actor_cast(&ordinary, (struct part){ .cpu = CPU, .busy_usec = 1000000 });
	CHECK(rtb_sched_set(hog.pid, SCHED_FIFO, 11, 0, 0) == 0);
	CHECK(rtb_sched_set(audio.pid, SCHED_RR, 22, 0, 1) == 0);
	CHECK(rtb_sched_set(elsewhere.pid, SCHED_RR, 22, 0, 1) == 0);
	CHECK(pthread_create(&thread, NULL, sleep_as_realtime, &own) == 0);
	while (atomic_load(&own) == 0)
		usleep(100);
	actor_begin(&hog);
	actor_begin(&audio);
	actor_begin(&elsewhere);
	actor_begin(&ordinary);
	usleep(50000);

	send_and_wait(scout, SCOUT_REALTIME, CPU);
	const struct finding *found = find(scout, hog.pid), *good = find(scout, audio.pid);
	CHECK(found != NULL && good != NULL && scout->window_nsec >= 90 * NSEC_PER_MSEC);
	CHECK(found->pid == hog.pid && found->pidfd >= 0 && !rtb_pidfd_gone(found->pidfd));
	CHECK(found->look.policy == SCHED_FIFO && found->look.priority == 11 && strcmp(found->look.comm, "actor") == 0);
	CHECK(found->ready_nsec >= scout->window_nsec * 8 / 10 && found->run_nsec > good->run_nsec / 2);
	CHECK(good->look.policy == SCHED_RR && good->look.priority == 22 && good->run_nsec > 0);
	CHECK(find(scout, elsewhere.pid) == NULL && find(scout, ordinary.pid) == NULL);
	CHECK(find(scout, atomic_load(&own)) == NULL);
	for (size_t i = 0; i < scout->count; i++) {
		/* No kernel thread, though some of the highest priority are pinned there; nobody of PID 1's or ours. */
		CHECK((scout->findings[i].look.flags & 0x00200000) == 0);
		CHECK(scout->findings[i].pid != 1 && scout->findings[i].pid != getpid());
	}
	scout_dismiss(scout);
	CHECK(!scout_back(scout, SCOUT_REALTIME));
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	actor_end(&hog);
	actor_end(&audio);
	actor_end(&elsewhere);
	actor_end(&ordinary);
}

static void ordinary_threads_are_found_where_they_wait(struct scout *scout)
{
	struct actor greedy, waiting, elsewhere, nice;

	actor_cast(&greedy, (struct part){ .cpu = CPU, .busy_usec = 1000000 });
	actor_cast(&waiting, (struct part){ .cpu = CPU, .busy_usec = 1000000 });
	actor_cast(&elsewhere, (struct part){ .cpu = 0, .busy_usec = 1000000 });
	actor_cast(&nice, (struct part){ .cpu = CPU, .busy_usec = 1000000 });
	CHECK(rtb_sched_set(greedy.pid, SCHED_OTHER, 0, -15, 1) == 0);
	CHECK(rtb_sched_set(nice.pid, SCHED_OTHER, 0, 19, 0) == 0);
	actor_begin(&greedy);
	actor_begin(&waiting);
	actor_begin(&elsewhere);
	actor_begin(&nice);
	usleep(50000);

	send_and_wait(scout, SCOUT_ORDINARY, CPU);
	const struct finding *found = find(scout, waiting.pid);
	CHECK(found != NULL && found->ready_nsec >= scout->window_nsec * 9 / 10);
	CHECK(found->run_nsec < scout->window_nsec / 2);
	CHECK(find(scout, greedy.pid) == NULL && find(scout, elsewhere.pid) == NULL && find(scout, nice.pid) == NULL);
	scout_dismiss(scout);
	actor_end(&greedy);
	actor_end(&waiting);
	actor_end(&elsewhere);
	actor_end(&nice);
}

static void a_cpu_that_is_not_there_has_nobody(struct scout *scout)
{
	send_and_wait(scout, SCOUT_REALTIME, 8000);
	CHECK(scout->count == 0);
	scout_dismiss(scout);
}

static void it_is_called_back_wherever_it_is(struct scout *scout)
{
	CHECK(scout_send(scout, SCOUT_ORDINARY, 0));
	usleep(1000);
	uint64_t start = now_nsec();
	scout_stop(scout);
	CHECK(now_nsec() - start < 1000 * NSEC_PER_MSEC);
	CHECK(!scout_send(scout, SCOUT_ORDINARY, 0));
}

int main(void)
{
	static struct scout scout;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || rtb_sched_try_realtime() < 0) {
		printf("  skipped: the scout needs two CPUs and the right to SCHED_RR\n");
		return 0;
	}
	CHECK(scout_start(&scout, PRIORITY) == 0);
	/* Not where we are to wait for what we started. */
	stay_on(0);
	a_cpu_that_is_not_there_has_nobody(&scout);
	realtime_threads_are_found_by_what_they_took(&scout);
	ordinary_threads_are_found_where_they_wait(&scout);
	it_is_called_back_wherever_it_is(&scout);
	return 0;
}
