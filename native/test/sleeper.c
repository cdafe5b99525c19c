/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sleeper.h"

#include "../thread.h"
#include "check.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *sleep_until_told(void *argument)
{
	struct sleeper *sleeper = argument;
	eventfd_t value;

	sleeper->tid = rtb_tid();
	eventfd_write(sleeper->ready_fd, 1);
	eventfd_read(sleeper->end_fd, &value);
	return NULL;
}

void sleeper_start(struct sleeper *sleeper)
{
	eventfd_t value;

	sleeper->end_fd = eventfd(0, EFD_CLOEXEC);
	sleeper->ready_fd = eventfd(0, EFD_CLOEXEC);
	CHECK(pthread_create(&sleeper->thread, NULL, sleep_until_told, sleeper) == 0);
	CHECK(eventfd_read(sleeper->ready_fd, &value) == 0);
}

void sleeper_end(struct sleeper *sleeper)
{
	eventfd_write(sleeper->end_fd, 1);
	CHECK(pthread_join(sleeper->thread, NULL) == 0);

	/* pthread_join() is content a moment before the kernel is. */
	while (syscall(SYS_tgkill, getpid(), sleeper->tid, 0) == 0)
		usleep(100);
	close(sleeper->end_fd);
	close(sleeper->ready_fd);
}
