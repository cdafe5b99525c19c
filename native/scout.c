/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "scout.h"
#include "now.h"
#include "realtime-broker.h"
#include "resident.h"
#include "thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum scout_state { SCOUT_HOME, SCOUT_OUT, SCOUT_BACK };

/* Of linux/sched.h, as field 9 of /proc/PID/stat shows it. */
#define PF_KTHREAD UINT64_C(0x00200000)
#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

/*
 * Those found are looked at so often, and so far apart, however long the looking takes: it shares no multiple of an audio
 * period's, or it would see the same moment of it each time.
 */
#define SAMPLES 12
#define SAMPLE_NSEC (17 * NSEC_PER_MSEC / 2)
/* It works for so long, and then lets others. */
#define STEP_NSEC (NSEC_PER_MSEC / 2)
#define BREATH_NSEC NSEC_PER_MSEC
/* After so long it comes back with what it has. */
#define LONGEST_NSEC (2 * NSEC_PER_SEC)

static void rest_until(uint64_t nsec)
{
	struct timespec time = { .tv_sec = (time_t)(nsec / NSEC_PER_SEC), .tv_nsec = (long)(nsec % NSEC_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

/* False when there is no more time. */
static bool breathe(struct scout *scout)
{
	uint64_t now = now_nsec();

	if (now - scout->breath_nsec > STEP_NSEC) {
		rest_until(now + BREATH_NSEC);
		scout->breath_nsec = now_nsec();
	}
	return now < scout->deadline_nsec && !atomic_load(&scout->ended);
}

/* Calls back for each number in a directory, until that says false. */
static bool each_number(struct scout *scout, int fd, char *buffer, size_t size,
			bool (*call)(struct scout *scout, int number, int of), int of)
{
	long bytes;

	while ((bytes = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
		for (long at = 0; at < bytes;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int number = atoi(entry->d_name);
			if (number > 0 && !call(scout, number, of))
				return false;
			at += entry->d_reclen;
		}
	}
	return true;
}

static int open_at(const struct scout *scout, int pid, int tid, const char *name, int flags)
{
	char path[64];

	if (tid > 0)
		snprintf(path, sizeof path, "%d/task/%d/%s", pid, tid, name);
	else
		snprintf(path, sizeof path, "%d/%s", pid, name);
	return openat(scout->proc_fd, path, O_RDONLY | O_CLOEXEC | flags);
}

/* CPU time it has taken; false when it has ended. */
static bool look_at_run(const struct scout *scout, const struct finding *found, uint64_t *run_nsec)
{
	uint64_t delay_nsec;
	int fd = open_at(scout, found->pid, found->tid, "schedstat", 0);
	bool seen = fd >= 0 && look_schedstat(fd, run_nsec, &delay_nsec) == 0;

	if (fd >= 0)
		close(fd);
	return seen;
}

static bool has_policy(enum scout_wants wants, int policy)
{
	/* SCHED_DEADLINE is 6. */
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR || policy == 6;

	return wants == SCOUT_REALTIME ? realtime : policy == SCHED_OTHER || policy == SCHED_BATCH;
}

static bool wanted(const struct scout *scout, const struct thread_look *look)
{
	if (look->cpu != scout->cpu || (look->flags & PF_KTHREAD) != 0)
		return false;
	/* Realtime threads may happen to sleep just now: they are few. */
	return scout->wants == SCOUT_REALTIME || (look->state == 'R' && look->nice >= 0 && look->nice < 10);
}

static bool find_thread(struct scout *scout, int tid, int pid)
{
	struct finding found = { .pid = pid, .tid = tid, .pidfd = -1 };
	int policy = sched_getscheduler(tid);

	if (!breathe(scout))
		return false;
	/* Asking for the policy is ten times as cheap as reading files. */
	if (policy < 0 || !has_policy(scout->wants, policy & ~SCHED_RESET_ON_FORK))
		return true;
	found.stat_fd = open_at(scout, pid, tid, "stat", 0);
	if (found.stat_fd < 0)
		return true;
	if (look_thread(found.stat_fd, &found.look) == 0 && wanted(scout, &found.look))
		scout->findings[scout->count++] = found;
	else
		close(found.stat_fd);
	return scout->count < FINDINGS_MAX;
}

static bool find_threads_of(struct scout *scout, int pid, int of)
{
	int fd;

	(void)of;
	/* PID 1 has its reasons, and we have ours. */
	if (pid == 1 || pid == getpid())
		return true;
	fd = open_at(scout, pid, 0, "task", O_DIRECTORY);
	if (fd < 0)
		return true;
	bool more = each_number(scout, fd, scout->threads, sizeof scout->threads, find_thread, pid);
	close(fd);
	return more;
}

/* Its file is open: to look again takes a tenth of the time that looking first took, and it may be that often. */
static void sample(struct scout *scout, struct finding *found)
{
	struct thread_look look;

	if (look_thread(found->stat_fd, &look) == 0)
		found->ready += look.state == 'R' && wanted(scout, &look);
}

/* What it took, unless it has ended and another has its tid by now. */
static void sum_up(struct scout *scout, struct finding *found)
{
	struct thread_look look;
	uint64_t run;

	if (scout->wants == SCOUT_REALTIME)
		found->pidfd = rtb_pidfd_open(found->tid, 1);
	if (!look_at_run(scout, found, &run) || look_thread(found->stat_fd, &look) < 0)
		found->ready = 0;
	else if (run > found->first_run_nsec)
		found->run_nsec = run - found->first_run_nsec;
}

/*
 * What each took is counted from here on, and not from when it was found: the search may take as long as the window. Nor is
 * anybody left out because the time is over: what he took would be a guess.
 */
static void measure(struct scout *scout)
{
	for (size_t j = 0; j < scout->count && !atomic_load(&scout->ended); j++) {
		breathe(scout);
		if (!look_at_run(scout, &scout->findings[j], &scout->findings[j].first_run_nsec))
			scout->findings[j].first_run_nsec = UINT64_MAX;
	}

	uint64_t start = now_nsec();

	for (int i = 1; i <= SAMPLES && breathe(scout); i++) {
		rest_until(start + i * SAMPLE_NSEC);
		for (size_t j = 0; j < scout->count && breathe(scout); j++)
			sample(scout, &scout->findings[j]);
	}
	for (size_t j = 0; j < scout->count && !atomic_load(&scout->ended); j++) {
		breathe(scout);
		sum_up(scout, &scout->findings[j]);
	}
	scout->window_nsec = now_nsec() - start;
	for (size_t j = 0; j < scout->count; j++)
		scout->findings[j].ready_nsec = scout->window_nsec * scout->findings[j].ready / SAMPLES;
}

static void let_go(struct scout *scout)
{
	for (size_t i = 0; i < scout->count; i++) {
		if (scout->findings[i].pidfd >= 0)
			close(scout->findings[i].pidfd);
		close(scout->findings[i].stat_fd);
	}
	scout->count = 0;
}

static void look_through(struct scout *scout)
{
	scout->breath_nsec = now_nsec();
	scout->deadline_nsec = scout->breath_nsec + LONGEST_NSEC;
	lseek(scout->proc_fd, 0, SEEK_SET);
	each_number(scout, scout->proc_fd, scout->processes, sizeof scout->processes, find_threads_of, 0);
	if (scout->count > 0)
		measure(scout);
}

static void *run(void *argument)
{
	struct scout *scout = argument;
	eventfd_t woken;

	prctl(PR_SET_NAME, "scout");
	keep_stack();
	rtb_sched_set(rtb_tid(), SCHED_RR, scout->priority, 0, 1);
	while (!atomic_load(&scout->ended)) {
		if (eventfd_read(scout->wake_fd, &woken) < 0 && errno != EINTR)
			break;
		if (atomic_load_explicit(&scout->state, memory_order_acquire) != SCOUT_OUT)
			continue;
		look_through(scout);
		atomic_store_explicit(&scout->state, SCOUT_BACK, memory_order_release);
	}
	return NULL;
}

int scout_start(struct scout *scout, int priority)
{
	int r;

	scout->priority = priority;
	scout->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (scout->wake_fd < 0)
		return -errno;
	scout->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = scout->proc_fd < 0 ? -errno : rtb_thread_start(&scout->thread, run, scout);
	scout->started = r == 0;
	if (r == 0)
		return 0;
	close(scout->wake_fd);
	if (scout->proc_fd >= 0)
		close(scout->proc_fd);
	return r;
}

void scout_stop(struct scout *scout)
{
	if (!scout->started)
		return;
	atomic_store(&scout->ended, true);
	eventfd_write(scout->wake_fd, 1);
	pthread_join(scout->thread, NULL);
	let_go(scout);
	close(scout->wake_fd);
	close(scout->proc_fd);
	scout->started = false;
}

bool scout_send(struct scout *scout, enum scout_wants wants, int cpu)
{
	if (!scout->started || atomic_load_explicit(&scout->state, memory_order_acquire) != SCOUT_HOME)
		return false;
	scout->wants = wants;
	scout->cpu = cpu;
	atomic_store_explicit(&scout->state, SCOUT_OUT, memory_order_release);
	eventfd_write(scout->wake_fd, 1);
	return true;
}

bool scout_back(const struct scout *scout, enum scout_wants wants)
{
	return atomic_load_explicit(&scout->state, memory_order_acquire) == SCOUT_BACK && scout->wants == wants;
}

void scout_dismiss(struct scout *scout)
{
	let_go(scout);
	atomic_store_explicit(&scout->state, SCOUT_HOME, memory_order_release);
}
