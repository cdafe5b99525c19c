/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "check.h"
#include "sleeper.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The record, or 0 when none comes within the time. */
static uint64_t next(int reports, int timeout_msec)
{
	struct pollfd poll_fd = { .fd = reports, .events = POLLIN };
	uint64_t cookie;

	if (poll(&poll_fd, 1, timeout_msec) != 1)
		return 0;
	CHECK(recv(reports, &cookie, sizeof cookie, MSG_WAITALL) == sizeof cookie);
	return cookie;
}

static void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");

	if (file == NULL || fgets(line, size, file) == NULL)
		line[0] = '\0';
	if (file != NULL)
		fclose(file);
}

/* The tid of this process's thread of that name, or 0. */
static int thread_named(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int tid = 0;

	while ((entry = readdir(tasks)) != NULL) {
		char path[300], line[64];
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		read_line(path, line, sizeof line);
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, name) == 0)
			tid = atoi(entry->d_name);
	}
	closedir(tasks);
	return tid;
}

/* What /proc/self/task/TID/status says after `key`. */
static void status_of(int tid, const char *key, char *value, int size)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
	file = fopen(path, "re");
	CHECK(file != NULL);
	value[0] = '\0';
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(value, (size_t)size, "%.60s", line + strlen(key));
	fclose(file);
}

/* The name, once the thread has had the time to take it. */
static int waiter_thread(void)
{
	int tid = 0;

	for (int i = 0; i < 2000 && tid == 0; i++) {
		tid = thread_named("exit waiter");
		usleep(500);
	}
	return tid;
}

static void an_end_is_reported_once(void)
{
	struct rtb_waiter *waiter;
	struct sleeper sleeper;
	int reports = rtb_waiter_open(&waiter);
	int64_t cookie;
	int pidfd;

	CHECK(reports >= 0);
	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	cookie = rtb_waiter_watch(waiter, pidfd);
	CHECK(cookie == 1);
	CHECK(next(reports, 20) == 0);
	sleeper_end(&sleeper);
	CHECK(next(reports, 5000) == (uint64_t)cookie);
	CHECK(next(reports, 20) == 0);

	/* The pidfd is still readable, and no news. */
	CHECK(rtb_waiter_forget(waiter, pidfd) == 0);
	CHECK(rtb_waiter_forget(waiter, pidfd) == -ENOENT);
	CHECK(rtb_waiter_watch(waiter, pidfd) == 2);
	CHECK(next(reports, 5000) == 2);
	close(pidfd);
	CHECK(rtb_waiter_close(waiter) == 0);
	close(reports);
}

static void a_forgotten_thread_ends_unheard(void)
{
	struct rtb_waiter *waiter;
	struct sleeper sleeper;
	int reports = rtb_waiter_open(&waiter);
	int pidfd;

	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	CHECK(rtb_waiter_watch(waiter, pidfd) > 0);
	CHECK(rtb_waiter_watch(waiter, pidfd) == -EEXIST);
	CHECK(rtb_waiter_forget(waiter, pidfd) == 0);
	sleeper_end(&sleeper);
	CHECK(next(reports, 50) == 0);
	close(pidfd);
	rtb_waiter_close(waiter);
	close(reports);
}

static void *sleep_and_end(void *argument)
{
	char byte;

	_exit(read(*(int *)argument, &byte, 1) != 0);
}

/* A child whose main thread ends first, while another sleeps on. */
static void a_main_thread_that_ends_first_is_reported_with_its_process(void)
{
	struct rtb_waiter *waiter;
	int reports = rtb_waiter_open(&waiter);
	int pipe_fds[2], pidfd;
	int64_t cookie;
	pid_t pid;

	CHECK(pipe(pipe_fds) == 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;
		close(pipe_fds[1]);
		pthread_create(&thread, NULL, sleep_and_end, &pipe_fds[0]);
		pthread_exit(NULL);
	}

	pidfd = rtb_pidfd_open(pid, 0);
	cookie = rtb_waiter_watch(waiter, pidfd);
	CHECK(cookie > 0);
	CHECK(next(reports, 100) == 0);
	close(pipe_fds[1]);
	CHECK(next(reports, 5000) == (uint64_t)cookie);
	CHECK(waitpid(pid, NULL, 0) == pid);
	close(pidfd);
	close(pipe_fds[0]);
	rtb_waiter_close(waiter);
	close(reports);
}

static void the_thread_starts_with_the_first_pidfd(void)
{
	struct rtb_waiter *waiter;
	int reports = rtb_waiter_open(&waiter);

	CHECK(thread_named("exit waiter") == 0);
	CHECK(rtb_waiter_close(waiter) == 0);
	CHECK(recv(reports, &(char){ 0 }, 1, 0) == 0);
	close(reports);
}

static void the_thread_hears_no_signal_and_sleeps(void)
{
	struct rtb_waiter *waiter;
	struct sleeper sleeper;
	char blocked[64], before[64], after[64];
	int reports = rtb_waiter_open(&waiter);
	int pidfd, tid;

	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	CHECK(rtb_waiter_watch(waiter, pidfd) > 0);
	tid = waiter_thread();
	CHECK(tid != 0);

	/* All but SIGKILL and SIGSTOP, and glibc's own 32 and 33. */
	status_of(tid, "SigBlk:\t", blocked, sizeof blocked);
	CHECK((strtoull(blocked, NULL, 16) | 0x180040100ull) == ~0ull);

	usleep(20000);
	status_of(tid, "voluntary_ctxt_switches:\t", before, sizeof before);
	usleep(300000);
	status_of(tid, "voluntary_ctxt_switches:\t", after, sizeof after);
	CHECK(before[0] != '\0' && strcmp(before, after) == 0);

	sleeper_end(&sleeper);
	close(pidfd);
	rtb_waiter_close(waiter);
	close(reports);
}

static void *watch_as_realtime(void *argument)
{
	struct rtb_waiter *waiter = argument;
	int pidfd = rtb_pidfd_open(getpid(), 0);
	int32_t found[4];
	int tid;

	CHECK(rtb_sched_set(gettid(), SCHED_RR, 1, 0, 0) == 0);
	CHECK(rtb_waiter_watch(waiter, pidfd) > 0);
	tid = waiter_thread();
	CHECK(tid != 0);
	CHECK(rtb_sched_get(tid, found) == 0);
	CHECK(found[0] == SCHED_OTHER && found[2] == 0);
	close(pidfd);
	return NULL;
}

static void it_runs_sched_other_in_a_realtime_daemon(void)
{
	struct rtb_waiter *waiter;
	pthread_t thread;
	int reports;

	SKIP_UNLESS(rtb_sched_try_realtime() == 0, "CAP_SYS_NICE");
	reports = rtb_waiter_open(&waiter);
	CHECK(pthread_create(&thread, NULL, watch_as_realtime, waiter) == 0);
	pthread_join(thread, NULL);
	rtb_waiter_close(waiter);
	close(reports);
}

static void two_waiters_know_nothing_of_each_other(void)
{
	struct rtb_waiter *one, *other;
	struct sleeper first, second;
	int one_reports = rtb_waiter_open(&one), other_reports = rtb_waiter_open(&other);
	int first_pidfd, second_pidfd;

	sleeper_start(&first);
	sleeper_start(&second);
	first_pidfd = rtb_pidfd_open(first.tid, 1);
	second_pidfd = rtb_pidfd_open(second.tid, 1);
	CHECK(rtb_waiter_watch(one, first_pidfd) == 1);
	CHECK(rtb_waiter_watch(other, second_pidfd) == 1);
	sleeper_end(&second);
	CHECK(next(other_reports, 5000) == 1);
	CHECK(next(one_reports, 20) == 0);
	rtb_waiter_close(other);
	sleeper_end(&first);
	CHECK(next(one_reports, 5000) == 1);
	rtb_waiter_close(one);
	close(first_pidfd);
	close(second_pidfd);
	close(one_reports);
	close(other_reports);
}

static void a_reader_that_went_away_ends_nothing_else(void)
{
	struct rtb_waiter *waiter;
	struct sleeper sleeper;
	int reports = rtb_waiter_open(&waiter);
	int pidfd;

	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	CHECK(rtb_waiter_watch(waiter, pidfd) > 0);
	close(reports);
	sleeper_end(&sleeper);
	usleep(20000);
	CHECK(rtb_waiter_close(waiter) == 0);
	close(pidfd);
}

int main(void)
{
	the_thread_starts_with_the_first_pidfd();
	a_main_thread_that_ends_first_is_reported_with_its_process();
	a_reader_that_went_away_ends_nothing_else();
	it_runs_sched_other_in_a_realtime_daemon();

	int pidfd = rtb_pidfd_open(gettid(), 1);
	if (pidfd < 0) {
		printf("  skipped: what watches threads needs PIDFD_THREAD (Linux 6.9)\n");
		return 0;
	}
	close(pidfd);
	an_end_is_reported_once();
	a_forgotten_thread_ends_unheard();
	the_thread_hears_no_signal_and_sleeps();
	two_waiters_know_nothing_of_each_other();
	return 0;
}
