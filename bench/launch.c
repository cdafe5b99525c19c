/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/calls.h"

/* Starts a service again and again, and times it from fork(2) to the bus daemon's word that it owns its name. */

static const uint64_t patience_nsec = 10000000000u;

static int note_owner(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const char *name, *old, *new;
	bool *owned = data;

	(void)error;
	if (sd_bus_message_read(message, "sss", &name, &old, &new) > 0 && strcmp(name, SERVICE) == 0)
		*owned = *new != '\0';
	return 0;
}

static void watch_owner(sd_bus *bus, bool *owned)
{
	int r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				    "org.freedesktop.DBus", "NameOwnerChanged", note_owner, owned);

	if (r < 0)
		die("cannot watch the bus: %s", strerror(-r));
}

static pid_t start(char *argv[])
{
	const pid_t pid = fork();

	if (pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], argv);
	die("cannot run %s: %s", argv[0], strerror(errno));
}

static void wait_until(sd_bus *bus, const bool *owned, bool wanted, pid_t pid)
{
	const uint64_t deadline = now_nsec() + patience_nsec;

	while (*owned != wanted) {
		const int r = sd_bus_process(bus, NULL);
		if (r < 0)
			die("the bus went away: %s", strerror(-r));
		if (r == 0)
			sd_bus_wait(bus, 100000);
		if (wanted && pid > 0 && waitpid(pid, NULL, WNOHANG) == pid)
			die("the service ended before it owned its name");
		if (now_nsec() > deadline)
			die("the service did not %s its name in time", wanted ? "take" : "release");
	}
}

/* A zombie has ended: what the bus daemon activated may wait long for whoever reaps it. */
static void end(sd_bus *bus, bool *owned, pid_t pid)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	if (ended.fd < 0 || kill(pid, SIGTERM) < 0)
		die("the service ended by itself");
	if (poll(&ended, 1, patience_nsec / 1000000) != 1)
		die("the service does not end");
	close(ended.fd);
	waitpid(pid, NULL, WNOHANG);
	wait_until(bus, owned, false, pid);
}

static uint64_t time_start(sd_bus *bus, bool *owned, char *argv[])
{
	const uint64_t begin = now_nsec();
	const pid_t pid = start(argv);

	wait_until(bus, owned, true, pid);
	const uint64_t nsec = now_nsec() - begin;
	end(bus, owned, pid);
	return nsec;
}

/* The first call is what makes the bus daemon start the service. */
static uint64_t time_activation(sd_bus *bus, bool *owned, char *argv[])
{
	const uint64_t begin = now_nsec();

	(void)argv;
	read_property(bus);
	const uint64_t nsec = now_nsec() - begin;
	wait_until(bus, owned, true, 0);
	end(bus, owned, pid_of(bus, SERVICE));
	return nsec;
}

int main(int argc, char *argv[])
{
	const int count = argc > 2 ? atoi(argv[2]) : 0;
	const bool activation = argc == 3;
	uint64_t (*const time_once)(sd_bus *, bool *, char *[]) = activation ? time_activation : time_start;
	bool owned = false;

	if (count < 1) {
		fputs("bench-launch ADDRESS COUNT [PROGRAM [ARGUMENT]...]\n"
		      "Without a program: by activation, to the first answer.\n", stderr);
		return 2;
	}
	sd_bus *bus = connect_to(argv[1]);
	watch_owner(bus, &owned);
	time_once(bus, &owned, argv + 3); /* The first one reads from disk what the others find in memory. */
	printf("{\"what\":\"%s\",\"usec\":[", activation ? "activation" : "start");
	for (int i = 0; i < count; i++)
		printf("%s%.1f", i == 0 ? "" : ",", time_once(bus, &owned, argv + 3) / 1e3);
	puts("]}");
	sd_bus_flush_close_unref(bus);
	return 0;
}
