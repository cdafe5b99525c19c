/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define STOP 0

/*
 * Who is watched is known to the kernel's epoll alone: there is no table here to keep in step with it, and watching and
 * forgetting need no lock. A pidfd that was forgotten, closed and opened anew for another thread has another cookie.
 */
struct rtb_waiter {
	int epoll_fd;
	int stop_fd;
	int report_fd;
	_Atomic int64_t last_cookie;
	pthread_mutex_t starting;
	bool started;
	pthread_t thread;
};

static bool report(const struct rtb_waiter *waiter, const uint64_t *cookies, size_t count)
{
	const char *rest = (const char *)cookies;
	size_t left = count * sizeof *cookies;

	/* Blocks while the reader is slow: the kernel remembers meanwhile who else has ended. */
	while (left > 0) {
		ssize_t sent = send(waiter->report_fd, rest, left, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		rest += sent;
		left -= (size_t)sent;
	}
	return true;
}

static bool wait_once(const struct rtb_waiter *waiter)
{
	struct epoll_event events[BATCH];
	uint64_t cookies[BATCH];
	size_t count = 0;
	int n;

	n = epoll_wait(waiter->epoll_fd, events, BATCH, -1);
	if (n < 0)
		return errno == EINTR;

	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == STOP)
			return false;
		cookies[count++] = events[i].data.u64;
	}
	return report(waiter, cookies, count);
}

static void *run(void *argument)
{
	struct rtb_waiter *waiter = argument;

	prctl(PR_SET_NAME, "exit waiter");
	/* The daemon runs SCHED_RR and its threads inherit that; word of an end is nothing to preempt anybody for. */
	rtb_sched_set(rtb_tid(), SCHED_OTHER, 0, 0, 0);

	while (wait_once(waiter))
		;
	shutdown(waiter->report_fd, SHUT_RDWR);
	return NULL;
}

static int start(struct rtb_waiter *waiter)
{
	int r = 0;

	pthread_mutex_lock(&waiter->starting);
	if (!waiter->started)
		r = rtb_thread_start(&waiter->thread, run, waiter);
	if (r == 0)
		waiter->started = true;
	pthread_mutex_unlock(&waiter->starting);
	return r;
}

static void discard(struct rtb_waiter *waiter)
{
	if (waiter->epoll_fd >= 0)
		close(waiter->epoll_fd);
	if (waiter->stop_fd >= 0)
		close(waiter->stop_fd);
	if (waiter->report_fd >= 0)
		close(waiter->report_fd);
	pthread_mutex_destroy(&waiter->starting);
	free(waiter);
}

static int prepare(struct rtb_waiter *waiter)
{
	struct epoll_event stop = { .events = EPOLLIN, .data.u64 = STOP };
	int ends[2];

	waiter->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (waiter->epoll_fd < 0)
		return -errno;
	waiter->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (waiter->stop_fd < 0)
		return -errno;
	if (epoll_ctl(waiter->epoll_fd, EPOLL_CTL_ADD, waiter->stop_fd, &stop) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;

	waiter->report_fd = ends[0];
	return ends[1];
}

int rtb_waiter_open(struct rtb_waiter **result)
{
	struct rtb_waiter *waiter;
	int r;

	waiter = calloc(1, sizeof *waiter);
	if (waiter == NULL)
		return -ENOMEM;
	waiter->epoll_fd = waiter->stop_fd = waiter->report_fd = -1;
	pthread_mutex_init(&waiter->starting, NULL);

	r = prepare(waiter);
	if (r < 0)
		discard(waiter);
	else
		*result = waiter;
	return r;
}

int64_t rtb_waiter_watch(struct rtb_waiter *waiter, int pidfd)
{
	/* Once only: a pidfd stays readable, and one that is not forgotten at once would be reported for ever. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	int64_t cookie;
	int r;

	r = start(waiter);
	if (r < 0)
		return r;

	cookie = atomic_fetch_add(&waiter->last_cookie, 1) + 1;
	event.data.u64 = (uint64_t)cookie;
	if (epoll_ctl(waiter->epoll_fd, EPOLL_CTL_ADD, pidfd, &event) < 0)
		return -errno;
	return cookie;
}

int rtb_waiter_forget(struct rtb_waiter *waiter, int pidfd)
{
	return epoll_ctl(waiter->epoll_fd, EPOLL_CTL_DEL, pidfd, NULL) < 0 ? -errno : 0;
}

int rtb_waiter_close(struct rtb_waiter *waiter)
{
	if (waiter->started) {
		eventfd_write(waiter->stop_fd, 1);
		/* It may be waiting for the reader instead. */
		shutdown(waiter->report_fd, SHUT_RDWR);
		pthread_join(waiter->thread, NULL);
	}
	discard(waiter);
	return 0;
}
