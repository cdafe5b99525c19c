/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calls.h"
#include "servant.h"

uint64_t servant_cpu_nsec(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		die("process %d is gone", pid);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* None of a thread that has just ended. */
static uint64_t wakeups_of(pid_t pid, const char *tid)
{
	char path[64], line[128];
	uint64_t sum = 0, count;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/task/%.16s/status", pid, tid);
	status = fopen(path, "re");
	if (status == NULL)
		return 0;
	while (fgets(line, sizeof line, status) != NULL)
		if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &count) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &count) == 1)
			sum += count;
	fclose(status);
	return sum;
}

uint64_t servant_wakeups(pid_t pid)
{
	const struct dirent *entry;
	char path[64];
	uint64_t sum = 0;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	tasks = opendir(path);
	if (tasks == NULL)
		die("process %d is gone", pid);
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			sum += wakeups_of(pid, entry->d_name);
	closedir(tasks);
	return sum;
}
