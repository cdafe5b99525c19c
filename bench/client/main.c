/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bigmessage.h"
#include "calls.h"
#include "measure.h"
#include "sleeper.h"

static const char usage[] =
	"bench-client ADDRESS STEP COUNT [STEP COUNT]...\n"
	"Measures whoever owns " SERVICE " on the bus at ADDRESS, one line of JSON a figure.\n"
	"  connections N    make the calls of the following steps over N connections at once\n"
	"  hold N           have N threads granted, and keep them until the end\n"
	"  grant N          N grants, each for a new sleeping thread of this process, each read back\n"
	"  cold-grant N     the same, but without the calls that are made before all others and not counted\n"
	"  property N       N reads of RTTimeUSecMax\n"
	"  authorization N  N bare questions to polkit\n"
	"  rest N           nothing at all for N seconds\n"
	"  bigmessage N     N messages of 16 MB of each shape, and what they cost a bystander\n";

static uint64_t grant(struct caller *caller)
{
	struct sleeper *sleeper = sleeper_start();

	const uint64_t start = now_nsec();
	make_realtime(caller->bus, sleeper->tid);
	const uint64_t nsec = now_nsec() - start;

	sleeper_require_realtime(sleeper);
	if (caller->latest != NULL)
		sleeper_end(caller->latest);
	caller->latest = sleeper;
	return nsec;
}

static uint64_t property(struct caller *caller)
{
	const uint64_t start = now_nsec();

	read_property(caller->bus);
	return now_nsec() - start;
}

static uint64_t authorization(struct caller *caller)
{
	const uint64_t start = now_nsec();

	check_authorization(caller->bus);
	return now_nsec() - start;
}

static uint64_t rest(struct caller *caller)
{
	const uint64_t start = now_nsec();

	(void)caller;
	sleep(1);
	return now_nsec() - start;
}

static void step_connections(struct world *world, size_t count)
{
	world->connections = count;
}

static void step_hold(struct world *world, size_t count)
{
	struct sleeper **sleepers = calloc(count, sizeof *sleepers);

	if (sleepers == NULL)
		die("out of memory");
	for (size_t i = 0; i < count; i++) {
		sleepers[i] = sleeper_start();
		make_realtime(world->bus, sleepers[i]->tid);
	}
	/* They live until the process ends. */
	for (size_t i = 0; i < count; i++)
		sleeper_require_realtime(sleepers[i]);
	free(sleepers);
	world->held += count;
}

static void measure_warm(const struct world *world, const char *what, timed_call call, size_t count)
{
	measure(world, what, call, count, 5 + count / world->connections / 10);
}

static void step_grant(struct world *world, size_t count)
{
	measure_warm(world, "grant", grant, count);
}

static void step_cold_grant(struct world *world, size_t count)
{
	measure(world, "cold-grant", grant, count, 0);
}

static void step_property(struct world *world, size_t count)
{
	measure_warm(world, "property", property, count);
}

static void step_authorization(struct world *world, size_t count)
{
	measure_warm(world, "authorization", authorization, count);
}

/* What the last grant brought about is over after the first second. */
static void step_rest(struct world *world, size_t count)
{
	measure(world, "rest", rest, count, 1);
}

static void step_bigmessage(struct world *world, size_t count)
{
	bigmessage(world, count);
}

static const struct step {
	const char *name;
	void (*run)(struct world *world, size_t count);
} steps[] = {
	{ "connections",   step_connections },
	{ "hold",          step_hold },
	{ "grant",         step_grant },
	{ "cold-grant",    step_cold_grant },
	{ "property",      step_property },
	{ "authorization", step_authorization },
	{ "rest",          step_rest },
	{ "bigmessage",    step_bigmessage },
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	die("there is no step '%s'", name);
}

static size_t parse_count(const char *text)
{
	char *end;
	const unsigned long count = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || count == 0 || count > 1000000)
		die("'%s' is not a number from 1 to 1000000", text);
	return count;
}

/* Both services want a hard limit of at most 200 ms; a sleeping thread never comes near it. */
static void limit_rttime(void)
{
	const struct rlimit limit = { .rlim_cur = 200000, .rlim_max = 200000 };

	if (setrlimit(RLIMIT_RTTIME, &limit) < 0)
		die("cannot set RLIMIT_RTTIME: %s", strerror(errno));
}

int main(int argc, char *argv[])
{
	if (argc < 4 || argc % 2 != 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (getuid() == 0)
		die("root is not asked what others are asked: run this as an ordinary user");
	limit_rttime();

	struct world world = { .address = argv[1], .bus = connect_to(argv[1]), .connections = 1 };
	world.servants[SERVANT_SERVICE] = pid_of(world.bus, SERVICE);
	world.servants[SERVANT_POLKITD] = pid_of(world.bus, POLKIT);
	world.servants[SERVANT_BUS] = pid_of(world.bus, "org.freedesktop.DBus");
	for (int i = 2; i < argc; i += 2)
		find_step(argv[i])->run(&world, parse_count(argv[i + 1]));
	sd_bus_flush_close_unref(world.bus);
	return 0;
}
