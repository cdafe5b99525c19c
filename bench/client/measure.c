/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calls.h"
#include "measure.h"
#include "servant.h"

/* The connections of one measurement take their calls from one counter, so that all of them are busy to the end. */
struct run {
	timed_call call;
	size_t warmup;
	size_t count;
	atomic_size_t next;
	uint64_t *nsec;
	pthread_barrier_t warm, go;
};

struct worker {
	pthread_t thread;
	struct caller caller;
	struct run *run;
};

static void *work(void *data)
{
	struct worker *worker = data;
	struct run *run = worker->run;

	for (size_t i = 0; i < run->warmup; i++)
		run->call(&worker->caller);
	pthread_barrier_wait(&run->warm);
	pthread_barrier_wait(&run->go);
	for (size_t i; (i = atomic_fetch_add(&run->next, 1)) < run->count;)
		run->nsec[i] = run->call(&worker->caller);
	return NULL;
}

static struct worker *start_workers(const struct world *world, struct run *run)
{
	struct worker *workers = calloc(world->connections, sizeof *workers);

	if (workers == NULL)
		die("out of memory");
	for (size_t i = 0; i < world->connections; i++) {
		workers[i] = (struct worker){ .caller.bus = connect_to(world->address), .run = run };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			die("cannot start a thread");
	}
	return workers;
}

static void join_workers(const struct world *world, struct worker *workers)
{
	for (size_t i = 0; i < world->connections; i++)
		pthread_join(workers[i].thread, NULL);
}

static void close_workers(const struct world *world, struct worker *workers)
{
	for (size_t i = 0; i < world->connections; i++) {
		if (workers[i].caller.latest != NULL)
			sleeper_end(workers[i].caller.latest);
		sd_bus_flush_close_unref(workers[i].caller.bus);
	}
	free(workers);
}

static void read_cpu(const struct world *world, uint64_t nsec[SERVANTS])
{
	for (size_t i = 0; i < SERVANTS; i++)
		nsec[i] = servant_cpu_nsec(world->servants[i]);
}

/* A service that was restarted meanwhile has forgotten what it did, and what it used. */
static void require_same_service(const struct world *world)
{
	if (pid_of(world->bus, SERVICE) != world->servants[SERVANT_SERVICE])
		die(SERVICE " changed hands");
}

static void print(const struct world *world, const char *what, const struct run *run, uint64_t wall,
		  const uint64_t cpu[SERVANTS], uint64_t wakeups)
{
	printf("{\"what\":\"%s\",\"connections\":%zu,\"held\":%zu,\"wallUsec\":%.1f,", what, world->connections,
	       world->held, wall / 1e3);
	printf("\"cpuUsec\":{\"service\":%.1f,\"polkitd\":%.1f,\"bus\":%.1f},", cpu[SERVANT_SERVICE] / 1e3,
	       cpu[SERVANT_POLKITD] / 1e3, cpu[SERVANT_BUS] / 1e3);
	printf("\"wakeups\":%llu,\"usec\":[", (unsigned long long)wakeups);
	for (size_t i = 0; i < run->count; i++)
		printf("%s%.1f", i == 0 ? "" : ",", run->nsec[i] / 1e3);
	puts("]}");
	fflush(stdout);
}

void measure(const struct world *world, const char *what, timed_call call, size_t count, size_t warmup)
{
	const unsigned threads = (unsigned)world->connections + 1;
	struct run run = { .call = call, .count = count, .warmup = warmup };
	uint64_t before[SERVANTS], after[SERVANTS], wakeups, start, wall;
	struct worker *workers;

	run.nsec = calloc(count, sizeof *run.nsec);
	if (run.nsec == NULL)
		die("out of memory");
	pthread_barrier_init(&run.warm, NULL, threads);
	pthread_barrier_init(&run.go, NULL, threads);
	workers = start_workers(world, &run);
	pthread_barrier_wait(&run.warm);
	wakeups = servant_wakeups(world->servants[SERVANT_SERVICE]);
	read_cpu(world, before);
	start = now_nsec();
	pthread_barrier_wait(&run.go);
	join_workers(world, workers);
	wall = now_nsec() - start;
	read_cpu(world, after);
	wakeups = servant_wakeups(world->servants[SERVANT_SERVICE]) - wakeups;
	require_same_service(world);
	close_workers(world, workers);

	for (size_t i = 0; i < SERVANTS; i++)
		after[i] -= before[i];
	print(world, what, &run, wall, after, wakeups);
	pthread_barrier_destroy(&run.warm);
	pthread_barrier_destroy(&run.go);
	free(run.nsec);
}
