/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../client/calls.h"
#include "../client/sleeper.h"
#include "member.h"

static void become(uid_t uid)
{
	const struct rlimit rttime = { .rlim_cur = 200000, .rlim_max = 200000 };

	if (setrlimit(RLIMIT_RTTIME, &rttime) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		die("cannot become user %u: %s", uid, strerror(errno));
	/* After the change of uid, which undoes it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A grant outlives the connection that asked for it. */
static void grow(const char *address, uint32_t count)
{
	sd_bus *bus = connect_to(address);

	while (count-- > 0) {
		struct sleeper *sleeper = sleeper_start();
		make_realtime(bus, sleeper->tid);
		sleeper_require_realtime(sleeper);
	}
	sd_bus_flush_close_unref(bus);
}

__attribute__((noreturn)) static void live(const char *address, uint32_t number, int orders, int done)
{
	uint32_t wanted, threads = 0;

	while (read(orders, &wanted, sizeof wanted) == sizeof wanted) {
		grow(address, wanted - threads);
		threads = wanted;
		if (write(done, &number, sizeof number) != sizeof number)
			break;
	}
	_exit(EXIT_SUCCESS);
}

void member_start(struct member *member, const char *address, uid_t uid, uint32_t number, const int done[2])
{
	int orders[2];

	if (pipe(orders) < 0)
		die("cannot make a pipe: %s", strerror(errno));
	member->pid = fork();
	if (member->pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (member->pid > 0) {
		close(orders[0]);
		member->orders = orders[1];
		return;
	}

	signal(SIGCHLD, SIG_DFL);
	become(uid);
	/* Whoever else's orders were inherited is none of his business, and he would keep them open. */
	dup2(orders[0], 3);
	dup2(done[1], 4);
	close_range(5, ~0U, 0);
	live(address, number, 3, 4);
}

void member_tell(struct member *member, uint32_t threads)
{
	if (write(member->orders, &threads, sizeof threads) != sizeof threads)
		die("process %d hears nothing", member->pid);
	member->threads = threads;
}
