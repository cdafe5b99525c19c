/* SPDX-License-Identifier: MIT */
/*
 * starve SCALE RUNS PART-OF-A-NAME: tells all stories, or those so called, in this machine, which it may starve. Prints
 * JSON lines. First with what the kernel does against realtime threads that never sleep, then without.
 */
#include "kernel.h"
#include "stage.h"
#include "sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The hypervisor's own machine may be busy, and then the watchdog is late. */
enum { ATTEMPTS = 6, ALARM_SEC = 120 };

/* Realtime throttling, and from Linux 6.12 on the fair server, which has its place. */
static void protect_nobody(void)
{
	char path[96];

	if (!put("/proc/sys/kernel/sched_rt_runtime_us", "-1"))
		abort();
	for (long cpu = sysconf(_SC_NPROCESSORS_CONF) - 1; cpu >= 0; cpu--) {
		snprintf(path, sizeof path, "/sys/kernel/debug/sched/fair_server/cpu%ld/runtime", cpu);
		put(path, "0");
	}
}

/* In a process of its own, so that whatever happens there is known. False when it is to be told again. */
static bool tell(const struct story *story, int scale)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		alarm(ALARM_SEC);
		bool good = tell_story(story, scale);
		fflush(stdout);
		_exit(good ? 0 : EXIT_FAILURE);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		abort();
	if (WIFSIGNALED(status))
		printf("{\"story\":\"%s\",\"crashed\":\"%s\"}\n", story->name, strsignal(WTERMSIG(status)));
	return WIFSIGNALED(status) || WEXITSTATUS(status) == 0;
}

static bool has_hogs(const struct story *story)
{
	return story->parts[0].kind != PLAYER;
}

static void tell_all(int scale, int runs, const char *name, bool protected)
{
	printf("{\"protected\":%s}\n", protected ? "true" : "false");
	for (int i = 0; i < story_count; i++) {
		if (sysconf(_SC_NPROCESSORS_CONF) < stories[i].cpus || strstr(stories[i].name, name) == NULL)
			continue;
		if (stories[i].possible != NULL && !stories[i].possible())
			continue;
		/* Who starves nobody needs no protection from him. */
		if (!protected && !has_hogs(&stories[i]))
			continue;
		for (int run = 0; run < runs; run++)
			for (int attempt = 0; attempt < ATTEMPTS && !tell(&stories[i], scale); attempt++)
				;
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);

	int kernel_threads = survey_kernel_threads();
	tell_all(atoi(argv[1]), atoi(argv[2]), argv[3], true);
	protect_nobody();
	tell_all(atoi(argv[1]), atoi(argv[2]), argv[3], false);
	printf("{\"kernelThreads\":%d,\"changed\":%d}\n", kernel_threads, changed_kernel_threads());
	return 0;
}
