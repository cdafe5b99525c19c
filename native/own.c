/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* Far longer than any honest piece of work; and as long as systemd waits for a sign of life. */
#define BUSY_USEC (2 * 1000 * 1000)
#define STUCK_USEC (15 * 1000 * 1000)

#define PAUSE_NSEC (1000 * 1000)

static int limit_rttime(void)
{
	const struct rlimit limit = { BUSY_USEC, STUCK_USEC };

	return setrlimit(RLIMIT_RTTIME, &limit) < 0 ? -errno : 0;
}

/* 1 when it was something else, 0 when it runs so already, or has ended. */
static int make(int tid, int policy, int priority)
{
	int32_t found[4];
	int r;

	r = rtb_sched_get(tid, found);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	if (found[0] == policy && found[1] == priority && !found[3])
		return 0;
	r = rtb_sched_set(tid, policy, priority, found[2], 0);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return 1;
}

/* How many were something else, or -errno. */
static int make_all(DIR *tasks, int policy, int priority)
{
	struct dirent *entry;
	int made = 0;

	rewinddir(tasks);
	while ((entry = readdir(tasks)) != NULL) {
		int tid = atoi(entry->d_name);
		int r = tid > 0 ? make(tid, policy, priority) : 0;
		if (r < 0)
			return r;
		made += r;
	}
	return made;
}

int rtb_sched_raise_process(int priority)
{
	DIR *tasks;
	int r;

	r = limit_rttime();
	if (r < 0)
		return r;
	tasks = opendir("/proc/self/task");
	if (tasks == NULL)
		return -errno;

	/* One that an ordinary thread started meanwhile is ordinary too: so until there is none. */
	do
		r = make_all(tasks, SCHED_RR, priority);
	while (r > 0);
	if (r < 0)
		make_all(tasks, SCHED_OTHER, 0);
	closedir(tasks);
	return r;
}

int rtb_sched_pause(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };

	nanosleep(&pause, NULL);
	/* With each SIGXCPU the kernel allows a second more, and the last one would come too late. */
	limit_rttime();
	return 0;
}
