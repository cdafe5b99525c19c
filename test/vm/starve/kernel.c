/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kernel.h"
#include "../../../native/looks.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of linux/sched.h. */
#define PF_KTHREAD UINT64_C(0x00200000)

enum { threads_max = 1024 };

static struct seen {
	int tid;
	struct thread_look look;
} seen[threads_max];
static int seen_count;

static int open_of(int tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	return open(path, O_RDONLY);
}

static bool look(int tid, struct thread_look *look)
{
	int fd = open_of(tid, "stat");
	bool found = fd >= 0 && look_thread(fd, look) == 0;

	close(fd);
	return found && (look->flags & PF_KTHREAD) != 0;
}

/* Each has but one thread, so that its number stands in /proc. */
static int each(bool (*call)(int tid, const struct thread_look *look, const char *name), const char *name)
{
	DIR *proc = opendir("/proc");
	struct thread_look found;
	int tid = 0;

	for (struct dirent *entry; tid == 0 && (entry = readdir(proc)) != NULL;)
		if (look(atoi(entry->d_name), &found) && call(atoi(entry->d_name), &found, name))
			tid = atoi(entry->d_name);
	closedir(proc);
	return tid;
}

static bool is_called(int tid, const struct thread_look *look, const char *name)
{
	(void)tid;
	return strncmp(look->comm, name, strlen(name)) == 0;
}

int kernel_thread(const char *name)
{
	return each(is_called, name);
}

uint64_t cpu_time(int tid)
{
	uint64_t run_nsec = 0, delay_nsec;
	int fd = open_of(tid, "schedstat");

	look_schedstat(fd, &run_nsec, &delay_nsec);
	close(fd);
	return run_nsec;
}

static bool remember(int tid, const struct thread_look *look, const char *name)
{
	(void)name;
	if (look->policy != 0 && seen_count < threads_max)
		seen[seen_count++] = (struct seen){ tid, *look };
	return false;
}

int survey_kernel_threads(void)
{
	seen_count = 0;
	each(remember, NULL);
	return seen_count;
}

int changed_kernel_threads(void)
{
	struct thread_look now;
	int changed = 0;

	for (int i = 0; i < seen_count; i++)
		changed += look(seen[i].tid, &now) && now.starttime == seen[i].look.starttime &&
			   (now.policy != seen[i].look.policy || now.priority != seen[i].look.priority);
	return changed;
}
