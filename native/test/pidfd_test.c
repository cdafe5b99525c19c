/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "check.h"
#include "sleeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_thread_lives_until_it_ends(void)
{
	struct sleeper sleeper;
	int fd;

	sleeper_start(&sleeper);
	fd = rtb_pidfd_open(sleeper.tid, 1);
	if (fd == -EINVAL) {
		printf("  skipped: %s needs PIDFD_THREAD (Linux 6.9)\n", __func__);
		sleeper_end(&sleeper);
		return;
	}

	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(rtb_pidfd_gone(fd) == 0);
	sleeper_end(&sleeper);
	CHECK(rtb_pidfd_gone(fd) == 1);
	close(fd);
}

static void the_uids_are_of_what_it_means(void)
{
	uint32_t uids[4];
	int pipe_fds[2];
	int fd, r;
	pid_t pid;
	char byte;

	CHECK(pipe(pipe_fds) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(getuid() != 0 || setresuid(1, 2, 3) == 0);
		CHECK(write(pipe_fds[1], "", 1) == 1);
		pause();
	}
	CHECK(read(pipe_fds[0], &byte, 1) == 1);
	fd = rtb_pidfd_open(pid, 0);
	CHECK(fd >= 0);
	r = rtb_pidfd_uids(fd, uids);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
	if (r == -ENOTTY || r == -EINVAL) {
		printf("  skipped: %s needs PIDFD_GET_INFO (Linux 6.13)\n", __func__);
	} else if (getuid() == 0) {
		CHECK(r == 0);
		CHECK(uids[0] == 1 && uids[1] == 2 && uids[2] == 3 && uids[3] == 2);
	} else {
		CHECK(r == 0);
		CHECK(uids[0] == getuid() && uids[3] == getuid());
	}
	CHECK(rtb_pidfd_uids(fd, uids) < 0);
	close(fd);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void a_process_lives_until_it_ends(void)
{
	int pipe_fds[2];
	int fd;
	pid_t pid;

	CHECK(pipe(pipe_fds) == 0);
	pid = fork();
	if (pid == 0) {
		char byte;
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) != 0);
	}

	fd = rtb_pidfd_open(pid, 0);
	CHECK(fd >= 0);
	CHECK(rtb_pidfd_gone(fd) == 0);
	close(pipe_fds[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(rtb_pidfd_gone(fd) == 1);
	CHECK(rtb_pidfd_open(pid, 0) == -ESRCH);
	close(fd);
	close(pipe_fds[0]);
}

static void only_a_process_has_a_plain_pidfd(void)
{
	struct sleeper sleeper;
	int fd;

	sleeper_start(&sleeper);
	fd = rtb_pidfd_open(sleeper.tid, 0);
	CHECK(fd == -ENOENT || fd == -EINVAL);
	sleeper_end(&sleeper);
}

static void what_is_no_descriptor_is_an_error(void)
{
	CHECK(rtb_pidfd_gone(1 << 20) == -EBADF);
	CHECK(rtb_pidfd_open(0, 1) == -EINVAL);
	CHECK(rtb_pidfd_open(-1, 1) == -EINVAL);
}

static void the_clocks_go_on(void)
{
	int64_t before = rtb_boottime_usec();

	CHECK(before > 0);
	usleep(2000);
	CHECK(rtb_boottime_usec() - before >= 2000);
	CHECK(rtb_realtime_usec() > INT64_C(1700000000000000));
}

int main(void)
{
	a_thread_lives_until_it_ends();
	a_process_lives_until_it_ends();
	the_uids_are_of_what_it_means();
	only_a_process_has_a_plain_pidfd();
	what_is_no_descriptor_is_an_error();
	the_clocks_go_on();
	return 0;
}
