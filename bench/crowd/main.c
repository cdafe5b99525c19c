/* SPDX-License-Identifier: MIT */

/*
 * bench-crowd ADDRESS FIRST-UID USERS CONNECTIONS: a process for each of so many users, whose threads sleep and are
 * granted realtime. Told on stdin, and answering with one line of JSON each time:
 *   hold N    have N threads granted in all, evenly spread over the users; at most CONNECTIONS of them ask at once
 *   list N    N times root's ListGrants
 * With the end of stdin all of it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../client/calls.h"
#include "member.h"

struct crowd {
	const char *address;
	uid_t first_uid;
	size_t users, connections;
	/* One a user; nobody is born before he is needed. */
	struct member *members;
	/* Whoever has done what he was told writes his number into it. */
	int done[2];
};

/* Nobody ends while he is needed: what is wrong he has said. */
static void die_with_him(int signal)
{
	int status = 0;

	(void)signal;
	waitpid(-1, &status, WNOHANG);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static size_t wait_for_one(const struct crowd *crowd)
{
	uint32_t user;

	if (read(crowd->done[0], &user, sizeof user) != sizeof user || user >= crowd->users)
		die("nobody says what he has done");
	return user;
}

/* The first so many users have one thread more than the others. */
static void hold(struct crowd *crowd, size_t count)
{
	const uint64_t start = now_nsec();
	size_t asking = 0, users = count < crowd->users ? count : crowd->users;

	for (size_t i = 0; i < users; i++) {
		struct member *member = &crowd->members[i];
		const uint32_t wanted = (uint32_t)((count - i + crowd->users - 1) / crowd->users);

		if (member->threads >= wanted)
			continue;
		if (member->pid == 0)
			member_start(member, crowd->address, crowd->first_uid + (uid_t)i, (uint32_t)i, crowd->done);
		if (asking == crowd->connections)
			wait_for_one(crowd);
		else
			asking++;
		member_tell(member, wanted);
	}
	while (asking-- > 0)
		wait_for_one(crowd);
	printf("{\"what\":\"hold\",\"held\":%zu,\"users\":%zu,\"wallUsec\":%.1f}\n", count, users,
	       (double)(now_nsec() - start) / 1e3);
}

static void list(const struct crowd *crowd, size_t count)
{
	sd_bus *bus = connect_to(crowd->address);
	size_t grants = 0;

	printf("{\"what\":\"list\",\"usec\":[");
	for (size_t i = 0; i < count; i++) {
		const uint64_t start = now_nsec();
		sd_bus_message *grants_listed = list_grants(bus);
		printf("%s%.1f", i == 0 ? "" : ",", (double)(now_nsec() - start) / 1e3);
		grants = count_grants(grants_listed);
	}
	printf("],\"grants\":%zu}\n", grants);
	sd_bus_flush_close_unref(bus);
}

static size_t parse(const char *text, size_t max)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || number == 0 || number > max)
		die("'%s' is not a number from 1 to %zu", text, max);
	return number;
}

/* A pipe for each of them. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char *argv[])
{
	const struct sigaction on_death = { .sa_handler = die_with_him, .sa_flags = SA_NOCLDSTOP };
	char line[64], verb[16], number[32];

	if (argc != 5)
		die("usage: bench-crowd ADDRESS FIRST-UID USERS CONNECTIONS");

	struct crowd crowd = {
		.address = argv[1],
		.first_uid = (uid_t)parse(argv[2], 1000000),
		.users = parse(argv[3], 10000),
		.connections = parse(argv[4], 256),
	};
	crowd.members = calloc(crowd.users, sizeof *crowd.members);
	if (crowd.members == NULL || pipe(crowd.done) < 0)
		die("out of memory or descriptors");
	raise_descriptors();
	sigaction(SIGCHLD, &on_death, NULL);

	while (fgets(line, sizeof line, stdin) != NULL) {
		if (sscanf(line, "%15s %31s", verb, number) != 2)
			die("'%s' is nothing to do", line);
		if (strcmp(verb, "hold") == 0)
			hold(&crowd, parse(number, 100000));
		else if (strcmp(verb, "list") == 0)
			list(&crowd, parse(number, 1000));
		else
			die("nobody knows what '%s' is", verb);
		fflush(stdout);
	}
	/* They die with us. */
	return 0;
}
