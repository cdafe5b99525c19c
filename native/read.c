/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int64_t read_all(int fd, uint8_t *bytes, int64_t size)
{
	int64_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, bytes + length, (size_t)(size - length));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return length;
		length += n;
	}
	return -EFBIG;
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
