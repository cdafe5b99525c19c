/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "looks.h"
#include "now.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* USER_HZ, which Linux has promised to programs for ever; proc(5). */
#define TICK_NSEC (NSEC_PER_SEC / 100)

static int look(int fd, char *buffer, size_t size)
{
	ssize_t n = pread(fd, buffer, size - 1, 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ESRCH;
	buffer[n] = '\0';
	return (int)n;
}

/* A number and the text after it; NULL when there is none. */
static const char *number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return end == text || errno != 0 ? NULL : end;
}

int parse_schedstat(const char *text, uint64_t *run_nsec, uint64_t *delay_nsec)
{
	text = number(text, run_nsec);
	if (text == NULL || number(text, delay_nsec) == NULL)
		return -EBADMSG;
	return 0;
}

int look_schedstat(int fd, uint64_t *run_nsec, uint64_t *delay_nsec)
{
	char buffer[128];
	int n = look(fd, buffer, sizeof buffer);

	return n < 0 ? n : parse_schedstat(buffer, run_nsec, delay_nsec);
}

int parse_cpu(const char *text)
{
	uint64_t cpu;

	/* The name in field 2 may hold spaces and parentheses: count from the last one. */
	text = strrchr(text, ')');
	for (int field = 2; text != NULL && field < 39; field++)
		text = strchr(text + 1, ' ');
	if (text == NULL || number(text, &cpu) == NULL || cpu > INT_MAX)
		return -EBADMSG;
	return (int)cpu;
}

int look_cpu(int fd)
{
	char buffer[1024];
	int n = look(fd, buffer, sizeof buffer);

	return n < 0 ? n : parse_cpu(buffer);
}

/* user nice system idle iowait irq softirq steal guest guest_nice, of which the last two are within the first. */
static void parse_line(const char *text, struct cpu_times *times)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, KINDS };
	uint64_t ticks[KINDS] = { 0 };

	for (int i = 0; i < KINDS && text != NULL; i++)
		text = number(text, &ticks[i]);
	times->stolen_nsec = (ticks[IRQ] + ticks[SOFTIRQ] + ticks[STEAL]) * TICK_NSEC;
	times->busy_nsec = (ticks[USER] + ticks[NICE] + ticks[SYSTEM]) * TICK_NSEC + times->stolen_nsec;
}

int parse_cpus(char *text, struct cpu_times *times, size_t cpus)
{
	char *rest = text;
	uint64_t value;

	for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
		if (strncmp(line, "cpu", 3) == 0 && line[3] >= '0' && line[3] <= '9') {
			const char *after = number(line + 3, &value);
			if (after != NULL && value < cpus)
				parse_line(after, &times[value]);
		} else if (strncmp(line, "procs_running ", 14) == 0) {
			return number(line + 14, &value) == NULL || value > INT_MAX ? -EBADMSG : (int)value;
		}
	}
	return -ERANGE;
}

int look_cpus(int fd, char *buffer, size_t size, struct cpu_times *times, size_t cpus)
{
	int n = look(fd, buffer, size);

	return n < 0 ? n : parse_cpus(buffer, times, cpus);
}
