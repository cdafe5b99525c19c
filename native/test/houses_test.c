/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../houses.h"
#include "../now.h"
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that works whenever it is told to, with a thread that is not its first. */
struct worker {
	int pid, orders, done;
};

static void burn(void)
{
	uint64_t end = clock_nsec(CLOCK_THREAD_CPUTIME_ID) + 2 * NSEC_PER_MSEC;

	while (clock_nsec(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static void *work(void *argument)
{
	const struct worker *worker = argument;
	char order;

	while (read(worker->orders, &order, 1) == 1) {
		burn();
		CHECK(write(worker->done, &order, 1) == 1);
	}
	_exit(0);
}

static struct worker hire(void)
{
	int orders[2], done[2];

	CHECK(pipe(orders) == 0 && pipe(done) == 0);
	int pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct worker self = { .orders = orders[0], .done = done[1] };
		pthread_t thread;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(orders[1]);
		close(done[0]);
		CHECK(pthread_create(&thread, NULL, work, &self) == 0);
		pthread_join(thread, NULL);
	}
	close(orders[0]);
	close(done[1]);
	return (struct worker){ .pid = pid, .orders = orders[1], .done = done[0] };
}

/* When it returns the worker is about to sleep again, or does. */
static void let_work(const struct worker *worker)
{
	char order = 'w';

	CHECK(write(worker->orders, &order, 1) == 1 && read(worker->done, &order, 1) == 1);
}

static void dismiss(const struct worker *worker)
{
	close(worker->orders);
	close(worker->done);
	CHECK(waitpid(worker->pid, NULL, 0) == worker->pid);
}

/* It may take a moment until a process that was told to sleep does. Returns in which round none had run. */
static uint64_t until_calm(struct houses *houses, int pid, uint64_t round)
{
	for (int tries = 0; house_stirs(houses, pid, round); tries++, round++) {
		CHECK(tries < 500);
		usleep(2000);
	}
	return round;
}

static void it_stirs_when_any_of_its_threads_has_run(void)
{
	struct houses houses;
	struct worker worker = hire();

	CHECK(houses_open(&houses, 4) == 0);
	let_work(&worker);
	CHECK(house_stirs(&houses, worker.pid, 1));
	uint64_t round = until_calm(&houses, worker.pid, 2);
	CHECK(!house_stirs(&houses, worker.pid, ++round));

	let_work(&worker);
	CHECK(house_stirs(&houses, worker.pid, ++round));
	/* What is true of a round is true for all who live there. */
	CHECK(house_stirs(&houses, worker.pid, round));
	until_calm(&houses, worker.pid, round + 1);
	dismiss(&worker);
	houses_close(&houses);
}

static void what_ran_while_it_was_not_asked_is_not_forgotten(void)
{
	struct houses houses;
	struct worker worker = hire();

	CHECK(houses_open(&houses, 4) == 0);
	uint64_t round = until_calm(&houses, worker.pid, 1);
	let_work(&worker);
	CHECK(house_stirs(&houses, worker.pid, round + 1000));
	dismiss(&worker);
	houses_close(&houses);
}

static void of_two_at_one_place_the_second_always_stirs(void)
{
	struct houses houses;
	struct worker worker = hire();

	CHECK(houses_open(&houses, 4) == 0);
	uint64_t round = until_calm(&houses, worker.pid, 1) + 1;
	int other = worker.pid + (int)houses.count;
	for (int i = 0; i < 3; i++, round++) {
		CHECK(!house_stirs(&houses, worker.pid, round));
		CHECK(house_stirs(&houses, other, round));
		CHECK(!house_stirs(&houses, worker.pid, round));
	}
	dismiss(&worker);
	houses_close(&houses);
}

static void one_that_is_gone_stirs(void)
{
	struct houses houses;
	struct worker worker = hire();

	CHECK(houses_open(&houses, 4) == 0);
	uint64_t round = until_calm(&houses, worker.pid, 1);
	dismiss(&worker);
	CHECK(house_stirs(&houses, worker.pid, ++round));
	CHECK(house_stirs(&houses, worker.pid, ++round));
	houses_close(&houses);
}

int main(void)
{
	it_stirs_when_any_of_its_threads_has_run();
	what_ran_while_it_was_not_asked_is_not_forgotten();
	of_two_at_one_place_the_second_always_stirs();
	one_that_is_gone_stirs();
	return 0;
}
