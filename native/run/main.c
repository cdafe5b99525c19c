/* SPDX-License-Identifier: MIT */
/*
 * What `rtbroker run` starts: it becomes the program once it may run realtime, and not before.
 *
 *	rtbroker-run USEC PROGRAM [ARGUMENT]...
 *
 * It lowers RLIMIT_RTTIME to USEC, takes the program's name, and says so with a byte on descriptor 3, a socket. A byte that
 * comes back means go; its end means that nobody waits any more, or that the answer was no.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { line = 3 };

/* As env(1) and nice(1) have it. */
enum { exit_refused = 1, exit_cannot_run = 126, exit_not_found = 127 };

/* Both limits: who lets a soft one pass is ended by the hard one a second later, if that is no lower. */
static int lower_rttime(rlim_t usec)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTTIME, &limit) < 0)
		return -1;
	if (limit.rlim_max > usec)
		limit.rlim_max = usec;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_RTTIME, &limit);
}

/* The broker writes down whom it grants: that is to be the program, not us. */
static void take_name_of(const char *program)
{
	const char *slash = strrchr(program, '/');

	prctl(PR_SET_NAME, slash == NULL ? program : slash + 1);
}

static int may_go(void)
{
	char byte = 0;
	ssize_t length;

	if (write(line, &byte, 1) != 1)
		return 0;
	do
		length = read(line, &byte, 1);
	while (length < 0 && errno == EINTR);
	return length == 1;
}

int main(int argc, char **argv)
{
	char *end;
	unsigned long long usec;
	int fault;

	if (argc < 3 || fcntl(line, F_SETFD, FD_CLOEXEC) < 0) {
		fputs("rtbroker-run is for 'rtbroker run' alone\n", stderr);
		return exit_refused;
	}
	usec = strtoull(argv[1], &end, 10);
	if (*end != '\0' || lower_rttime(usec) < 0) {
		perror("rtbroker: cannot set RLIMIT_RTTIME");
		return exit_refused;
	}
	take_name_of(argv[2]);
	if (!may_go())
		return exit_refused;

	execvp(argv[2], argv + 2);
	fault = errno;
	fprintf(stderr, "rtbroker: cannot run '%s': %s\n", argv[2], strerror(fault));
	return fault == ENOENT ? exit_not_found : exit_cannot_run;
}
