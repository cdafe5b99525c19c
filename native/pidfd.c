/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* pidfd_open(2); glibc's header has it from 2.40. */
#define THREAD O_EXCL

/* struct pidfd_info of <linux/pidfd.h>, as of its first version; every kernel since takes it. */
struct info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	uint32_t spare;
};

#define GET_INFO _IOWR(0xFF, 11, struct info)
#define INFO_CREDS 2

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

int rtb_pidfd_uids(int pidfd, uint32_t uids[4])
{
	struct info info = { .mask = INFO_CREDS };

	if (ioctl(pidfd, GET_INFO, &info) < 0)
		return -errno;
	if (!(info.mask & INFO_CREDS))
		return -ENODATA;
	uids[0] = info.ruid;
	uids[1] = info.euid;
	uids[2] = info.suid;
	uids[3] = info.fsuid;
	return 0;
}
