/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "realtime-broker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int rtb_file_id(const char *path, int64_t found[2])
{
	struct statx file;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &file) < 0)
		return -errno;
	if (!(file.stx_mask & STATX_INO))
		return -ENODATA;
	found[0] = (int64_t)makedev(file.stx_dev_major, file.stx_dev_minor);
	found[1] = (int64_t)file.stx_ino;
	return 0;
}
