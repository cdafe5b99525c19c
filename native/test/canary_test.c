/* SPDX-License-Identifier: MIT */

/* A canary on CPU 1, and for fractions of a second a realtime thread that starves it. */
#define _GNU_SOURCE
#include "../canary.h"
#include "../now.h"
#include "../thread.h"
#include "../vigil.h"
#include "check.h"

#include <sched.h>
#include <unistd.h>

#define CPU 1

/* Keeps CPU 1 for itself. */
struct hog {
	pthread_t thread;
	int policy, priority;
	_Atomic bool runs, over;
};

static void stay_on(int cpu)
{
	cpu_set_t there;

	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	CHECK(sched_setaffinity(0, sizeof there, &there) == 0);
}

static void *spin(void *argument)
{
	struct hog *hog = argument;
	uint64_t until = now_nsec() + 900 * NSEC_PER_MSEC;

	stay_on(CPU);
	CHECK(rtb_sched_set(rtb_tid(), hog->policy, hog->priority, 0, 1) == 0);
	atomic_store(&hog->runs, true);
	while (!atomic_load(&hog->over) && now_nsec() < until)
		;
	return NULL;
}

static void start_hog(struct hog *hog, int policy, int priority)
{
	*hog = (struct hog){ .policy = policy, .priority = priority };
	CHECK(pthread_create(&hog->thread, NULL, spin, hog) == 0);
	while (!atomic_load(&hog->runs))
		usleep(100);
}

static void end_hog(struct hog *hog)
{
	atomic_store(&hog->over, true);
	pthread_join(hog->thread, NULL);
}

static void start(struct canary *canary)
{
	*canary = (struct canary){ .cpu = CPU };
	CHECK(canary_start(canary) == 0);
	while (atomic_load(&canary->tid) == 0)
		usleep(100);
}

static uint64_t late_cheeps(const struct canary *canary, int from_class)
{
	uint64_t sum = 0;

	for (int i = from_class; i < RTB_LATE_CLASSES; i++)
		sum += atomic_load(&canary->late[i]);
	return sum;
}

/* However much else the machine has to do. */
static void await_cheeps(const struct canary *canary, uint64_t count)
{
	uint64_t before = atomic_load(&canary->cheeps);

	for (int i = 0; i < 10000 && atomic_load(&canary->cheeps) < before + count; i++)
		usleep(1000);
	CHECK(atomic_load(&canary->cheeps) >= before + count);
}

static void it_sings_while_it_is_armed(void)
{
	struct canary canary;

	start(&canary);
	usleep(50000);
	CHECK(atomic_load(&canary.cheeps) == 0);

	uint64_t start_nsec = now_nsec();
	canary_arm(&canary, start_nsec);
	await_cheeps(&canary, 20);
	/* One at once, and one every 10 ms. */
	CHECK(now_nsec() - start_nsec >= 19 * CANARY_PERIOD_NSEC);
	CHECK(!atomic_load(&canary.unreachable));

	canary_disarm(&canary);
	usleep(100000);
	uint64_t cheeps = atomic_load(&canary.cheeps);
	usleep(100000);
	CHECK(atomic_load(&canary.cheeps) == cheeps);
	canary_arm(&canary, now_nsec());
	await_cheeps(&canary, 5);
	CHECK(late_cheeps(&canary, 0) >= atomic_load(&canary.cheeps) - 1);
	canary_stop(&canary);
}

static void starved_it_is_late_and_says_so_afterwards(void)
{
	struct canary canary;
	struct hog hog;

	start(&canary);
	canary_arm(&canary, now_nsec());
	usleep(50000);
	start_hog(&hog, SCHED_RR, 10);
	usleep(400000);
	uint64_t overdue = canary_overdue(&canary, now_nsec());
	end_hog(&hog);
	CHECK(overdue >= 200 * NSEC_PER_MSEC);
	await_cheeps(&canary, 3);
	CHECK(late_cheeps(&canary, 8) >= 1);
	CHECK(atomic_load(&canary.late_usec2) >= vigil_lateness(overdue));
	canary_stop(&canary);
}

/* Whoever armed it anew does not want to hear of the time before. */
static void armed_anew_it_owes_nothing(void)
{
	struct canary canary;
	struct hog hog;

	start(&canary);
	canary_arm(&canary, now_nsec());
	usleep(50000);
	start_hog(&hog, SCHED_RR, 10);
	usleep(300000);
	canary_arm(&canary, now_nsec());
	CHECK(canary_overdue(&canary, now_nsec()) < 100 * NSEC_PER_MSEC);
	uint64_t before = late_cheeps(&canary, 9);
	end_hog(&hog);
	await_cheeps(&canary, 3);
	/* Nobody counts the 300 ms. */
	CHECK(late_cheeps(&canary, 9) == before);
	canary_stop(&canary);
}

/* It answers, but does not sing. False when the fair server let it sing meanwhile. */
static bool visit_starving(struct canary *canary)
{
	uint64_t cheeps = atomic_load(&canary->cheeps), start_nsec = now_nsec();
	bool reached = canary_visit(canary, 99, 500 * NSEC_PER_MSEC);
	bool silent = atomic_load(&canary->cheeps) == cheeps;
	int32_t found[4];

	CHECK(reached && now_nsec() - start_nsec < 300 * NSEC_PER_MSEC);
	CHECK(rtb_sched_get(atomic_load(&canary->tid), found) == 0 && found[0] == SCHED_OTHER);
	return silent && canary_overdue(canary, now_nsec()) >= 100 * NSEC_PER_MSEC;
}

static void a_visit_gets_through_to_a_starving_canary(void)
{
	struct canary canary;
	struct hog hog;
	bool starved = false;

	start(&canary);
	canary_arm(&canary, now_nsec());
	usleep(50000);
	CHECK(canary_visit(&canary, 99, 500 * NSEC_PER_MSEC));
	for (int tries = 0; tries < 5 && !starved; tries++) {
		start_hog(&hog, SCHED_RR, 10);
		usleep(200000);
		/* The second one finds it where the first one left it. */
		starved = visit_starving(&canary) && visit_starving(&canary);
		end_hog(&hog);
	}
	CHECK(starved);
	canary_stop(&canary);
}

/* Where timers starve as well: it is woken long before it is due, answers, and owes its cheep as before. */
static void a_visit_waits_for_no_timer(void)
{
	struct canary canary;

	start(&canary);
	canary_arm(&canary, now_nsec());
	atomic_store(&canary.due_nsec, now_nsec() + 60 * NSEC_PER_SEC);
	usleep(50000);
	uint64_t cheeps = atomic_load(&canary.cheeps);
	for (int i = 0; i < 3; i++)
		CHECK(canary_visit(&canary, 99, 500 * NSEC_PER_MSEC));
	usleep(20000);
	CHECK(atomic_load(&canary.cheeps) == cheeps);
	canary_stop(&canary);
}

static void a_visit_ends_where_nobody_gets_through(void)
{
	struct canary canary;
	struct hog hog;
	int32_t found[4];

	start(&canary);
	canary_arm(&canary, now_nsec());
	usleep(50000);
	/* As on a CPU that was stolen: nobody gets past SCHED_FIFO 50 with a priority of 40. */
	start_hog(&hog, SCHED_FIFO, 50);
	usleep(100000);
	uint64_t start_nsec = now_nsec();
	bool reached = canary_visit(&canary, 40, 80 * NSEC_PER_MSEC);
	uint64_t took = now_nsec() - start_nsec;
	CHECK(rtb_sched_get(atomic_load(&canary.tid), found) == 0);
	end_hog(&hog);
	CHECK(!reached && took >= 80 * NSEC_PER_MSEC && took < 300 * NSEC_PER_MSEC);
	CHECK(found[0] == SCHED_OTHER);
	/* And it sings as if nothing had been. */
	await_cheeps(&canary, 5);
	CHECK(canary_visit(&canary, 40, 500 * NSEC_PER_MSEC));
	canary_stop(&canary);
}

static void on_a_cpu_that_is_not_there_it_says_so(void)
{
	struct canary canary = { .cpu = CPUS_MAX - 1 };

	CHECK(canary_start(&canary) == 0);
	canary_arm(&canary, now_nsec());
	for (int i = 0; i < 500 && !atomic_load(&canary.unreachable); i++)
		usleep(1000);
	CHECK(atomic_load(&canary.unreachable) && atomic_load(&canary.cheeps) == 0);
	canary_stop(&canary);
}

/* Elsewhere by somebody's doing, it goes back before it sings on. */
static void moved_it_comes_back(void)
{
	struct canary canary;
	cpu_set_t elsewhere, found;

	start(&canary);
	canary_arm(&canary, now_nsec());
	usleep(50000);
	CPU_ZERO(&elsewhere);
	CPU_SET(0, &elsewhere);
	CHECK(sched_setaffinity(atomic_load(&canary.tid), sizeof elsewhere, &elsewhere) == 0);
	for (int i = 0; i < 500; i++, usleep(1000)) {
		CHECK(sched_getaffinity(atomic_load(&canary.tid), sizeof found, &found) == 0);
		if (CPU_COUNT(&found) == 1 && CPU_ISSET(CPU, &found))
			break;
	}
	CHECK(CPU_COUNT(&found) == 1 && CPU_ISSET(CPU, &found));
	canary_stop(&canary);
}

/* Where it was started, somebody starves it: what is that to its own CPU? */
static void it_sings_though_it_slept_elsewhere(void)
{
	struct canary canary = { .cpu = 0 };
	struct hog hog;

	stay_on(CPU);
	CHECK(canary_start(&canary) == 0);
	while (atomic_load(&canary.tid) == 0)
		usleep(100);
	stay_on(0);
	usleep(10000);
	start_hog(&hog, SCHED_RR, 10);
	canary_arm(&canary, now_nsec());
	for (int i = 0; i < 300 && atomic_load(&canary.cheeps) == 0; i++)
		usleep(1000);
	CHECK(atomic_load(&canary.cheeps) > 0);
	end_hog(&hog);
	canary_stop(&canary);
}

int main(void)
{
	on_a_cpu_that_is_not_there_it_says_so();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || rtb_sched_try_realtime() < 0) {
		printf("  skipped: a starving canary needs two CPUs and the right to SCHED_RR\n");
		return 0;
	}
	stay_on(0);
	it_sings_while_it_is_armed();
	moved_it_comes_back();
	it_sings_though_it_slept_elsewhere();
	starved_it_is_late_and_says_so_afterwards();
	armed_anew_it_owes_nothing();
	a_visit_gets_through_to_a_starving_canary();
	a_visit_waits_for_no_timer();
	a_visit_ends_where_nobody_gets_through();
	return 0;
}
