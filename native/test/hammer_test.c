/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "check.h"
#include "sleeper.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HAMMERS 4
#define ROUNDS 400
#define COOKIES_MAX 200000

struct hammering {
	struct rtb_waiter *waiter;
	int reports;
	bool slow;
	_Atomic int owed;
	_Atomic char seen[COOKIES_MAX];
	_Atomic int records;
};

/* Reads as a slow event loop would: seldom, and in odd portions. Ends at end-of-file. */
static void *read_records(void *argument)
{
	struct hammering *hammering = argument;
	uint64_t cookies[37];

	for (;;) {
		ssize_t n = recv(hammering->reports, cookies, sizeof cookies[0] * (hammering->slow ? 37 : 1), MSG_WAITALL);
		for (int i = 0; i < n / (ssize_t)sizeof cookies[0]; i++) {
			CHECK(cookies[i] > 0 && cookies[i] < COOKIES_MAX);
			CHECK(atomic_exchange(&hammering->seen[cookies[i]], 1) == 0);
			atomic_fetch_add(&hammering->records, 1);
		}
		if (n <= 0)
			return NULL;
		if (hammering->slow)
			usleep(200);
	}
}

/* Threads come and go; every third is forgotten, just before it ends or just after. */
static void *hammer(void *argument)
{
	struct hammering *hammering = argument;

	for (int round = 0; round < ROUNDS; round++) {
		struct sleeper sleeper;
		int64_t cookie;
		int pidfd;

		sleeper_start(&sleeper);
		pidfd = rtb_pidfd_open(sleeper.tid, 1);
		CHECK(pidfd >= 0);
		cookie = rtb_waiter_watch(hammering->waiter, pidfd);
		CHECK(cookie > 0);

		if (round % 3 == 0)
			CHECK(rtb_waiter_forget(hammering->waiter, pidfd) == 0);
		sleeper_end(&sleeper);
		if (round % 3 == 1) {
			while (atomic_load(&hammering->seen[cookie]) == 0)
				usleep(50);
			atomic_fetch_add(&hammering->owed, 1);
		}
		if (round % 3 != 0)
			CHECK(rtb_waiter_forget(hammering->waiter, pidfd) == 0);
		close(pidfd);
		if (round % 3 == 0)
			CHECK(atomic_load(&hammering->seen[cookie]) == 0);
	}
	return NULL;
}

static void threads_come_and_go_at_once(void)
{
	static struct hammering hammering;
	pthread_t hammers[HAMMERS], reader;

	hammering.reports = rtb_waiter_open(&hammering.waiter);
	CHECK(pthread_create(&reader, NULL, read_records, &hammering) == 0);
	for (int i = 0; i < HAMMERS; i++)
		CHECK(pthread_create(&hammers[i], NULL, hammer, &hammering) == 0);
	for (int i = 0; i < HAMMERS; i++)
		pthread_join(hammers[i], NULL);
	rtb_waiter_close(hammering.waiter);
	pthread_join(reader, NULL);
	close(hammering.reports);
	CHECK(hammering.records >= hammering.owed && hammering.owed == HAMMERS * (ROUNDS / 3));
}

/* Of a thread that has ended every copy of its pidfd is news at once: a burst as large as there are descriptors. */
static void tens_of_thousands_wait_for_a_slow_reader(void)
{
	static struct hammering hammering = { .slow = true };
	struct sleeper sleeper;
	struct rlimit limit;
	pthread_t reader;
	int *copies, count, pidfd, expected = 0;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	count = limit.rlim_max > 16100 ? 16000 : (int)limit.rlim_max - 100;
	copies = calloc((size_t)count, sizeof *copies);

	hammering.reports = rtb_waiter_open(&hammering.waiter);
	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	sleeper_end(&sleeper);
	CHECK(pthread_create(&reader, NULL, read_records, &hammering) == 0);

	while (expected < 40000) {
		for (int i = 0; i < count; i++) {
			copies[i] = dup(pidfd);
			CHECK(rtb_waiter_watch(hammering.waiter, copies[i]) == ++expected);
		}
		while (atomic_load(&hammering.records) / 37 < expected / 37)
			usleep(1000);
		for (int i = 0; i < count; i++) {
			CHECK(rtb_waiter_forget(hammering.waiter, copies[i]) == 0);
			close(copies[i]);
		}
	}

	rtb_waiter_close(hammering.waiter);
	pthread_join(reader, NULL);
	CHECK(hammering.records == expected);
	close(hammering.reports);
	close(pidfd);
	free(copies);
}

/* Of 4000 that ended not all were reported, and no more are. */
static bool stuck(int reports, int queued_before)
{
	int queued;

	CHECK(ioctl(reports, FIONREAD, &queued) == 0);
	return queued == queued_before && queued < 20 * 4000 * 8;
}

/* The reader never reads: the waiter is stuck in send(), and must come out of it. */
static void it_closes_while_nobody_reads(void)
{
	struct rtb_waiter *waiter;
	struct sleeper sleeper;
	int copies[4000], pidfd, queued, reports = rtb_waiter_open(&waiter);

	sleeper_start(&sleeper);
	pidfd = rtb_pidfd_open(sleeper.tid, 1);
	sleeper_end(&sleeper);
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < 4000; i++) {
			if (round > 0) {
				CHECK(rtb_waiter_forget(waiter, copies[i]) == 0);
				close(copies[i]);
			}
			copies[i] = dup(pidfd);
			CHECK(rtb_waiter_watch(waiter, copies[i]) > 0);
		}
	usleep(50000);
	CHECK(ioctl(reports, FIONREAD, &queued) == 0 && queued > 0);
	usleep(50000);
	CHECK(stuck(reports, queued));
	CHECK(rtb_waiter_close(waiter) == 0);
	for (int i = 0; i < 4000; i++)
		close(copies[i]);
	close(pidfd);
	close(reports);
}

int main(void)
{
	int pidfd = rtb_pidfd_open(gettid(), 1);

	if (pidfd < 0) {
		printf("  skipped: the hammer needs PIDFD_THREAD (Linux 6.9)\n");
		return 0;
	}
	close(pidfd);
	threads_come_and_go_at_once();
	tens_of_thousands_wait_for_a_slow_reader();
	it_closes_while_nobody_reads();
	return 0;
}
