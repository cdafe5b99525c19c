/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A file of /proc or /sys is one record, and one read(2) fetches all of it there is room for. */
static int64_t read_all(int fd, uint8_t *bytes, int64_t size)
{
	ssize_t n;

	do
		n = read(fd, bytes, (size_t)size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n < size ? n : -EFBIG;
}

int64_t rtb_read(const char *path, uint8_t *bytes, int64_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int64_t length;

	if (fd < 0)
		return -errno;
	length = read_all(fd, bytes, size);
	close(fd);
	return length;
}
