/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* pidfd_open(2); glibc's header has it from 2.40. */
#define THREAD O_EXCL

int rtb_pidfd_open(int tid, int of_thread)
{
	int fd = (int)syscall(RTB_SYS_PIDFD_OPEN, tid, of_thread ? (unsigned)THREAD : 0u);

	return fd < 0 ? -errno : fd;
}

int rtb_pidfd_gone(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&poll_fd, 1, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;

	return (poll_fd.revents & POLLNVAL) ? -EBADF : r;
}
