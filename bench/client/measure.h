/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "sleeper.h"

/* Whose CPU time is counted: everybody a request passes through but the client. */
enum { SERVANT_SERVICE, SERVANT_POLKITD, SERVANT_BUS, SERVANTS };

struct world {
	const char *address;
	/* The first connection, for whatever one connection is enough for. */
	sd_bus *bus;
	pid_t servants[SERVANTS];
	size_t connections;
	size_t held;
};

/* Who makes the calls of one connection. */
struct caller {
	sd_bus *bus;
	/* The thread of the latest grant lives until the next one is granted, as that of any client lives on: with 64
	 * connections 64 threads are realtime. */
	struct sleeper *latest;
};

/* One timed call. @returns its duration in ns */
typedef uint64_t (*timed_call)(struct caller *caller);

/* Makes `count` calls over world->connections connections at once and prints one line of JSON; before them, `warmup`
 * calls a connection that are not counted. */
void measure(const struct world *world, const char *what, timed_call call, size_t count, size_t warmup);
