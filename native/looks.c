/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "looks.h"
#include "now.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
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

/* A number and the text after it; NULL and 0 when there is none. */
static const char *number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (end != text && errno == 0)
		return end;
	*value = 0;
	return NULL;
}

static bool small_number(const char *text, int *value)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	*value = (int)number;
	return end != text && errno == 0 && number >= INT_MIN && number <= INT_MAX;
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

/* One field after the name. False when it is none of what it should be; most are not looked at. */
static bool parse_field(int field, const char *text, struct thread_look *look)
{
	enum { STATE = 3, FLAGS = 9, NICE = 19, STARTTIME = 22, CPU = 39, PRIORITY = 40, POLICY = 41 };

	switch (field) {
	case STATE:
		look->state = *text;
		return true;
	case FLAGS:
		return number(text, &look->flags) != NULL;
	case NICE:
		return small_number(text, &look->nice);
	case STARTTIME:
		return number(text, &look->starttime) != NULL;
	case CPU:
		return small_number(text, &look->cpu) && look->cpu >= 0;
	case PRIORITY:
		return small_number(text, &look->priority);
	case POLICY:
		return small_number(text, &look->policy);
	default:
		return true;
	}
}

int parse_thread(const char *text, struct thread_look *look)
{
	/* The name may hold spaces and parentheses: it ends at the last one. */
	const char *name = strchr(text, '('), *rest = strrchr(text, ')');

	*look = (struct thread_look){ .cpu = -1 };
	if (name == NULL || rest == NULL || rest < name)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof look->comm - 1 && name + 1 + i < rest; i++)
		look->comm[i] = name[1 + i];

	for (int field = 3; field <= 41; field++) {
		rest = strchr(rest + 1, ' ');
		if (rest == NULL || rest[1] == '\0' || !parse_field(field, rest + 1, look))
			return -EBADMSG;
	}
	return 0;
}

int look_thread(int fd, struct thread_look *result)
{
	char buffer[1024];
	int n = look(fd, buffer, sizeof buffer);

	return n < 0 ? n : parse_thread(buffer, result);
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
	times->online = true;
}

int parse_cpus(char *text, struct cpu_times *times, size_t cpus)
{
	char *rest = text;
	uint64_t value;

	for (size_t i = 0; i < cpus; i++)
		times[i].online = false;
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

int parse_highest_cpu(const char *text)
{
	int highest = -EBADMSG;

	while (*text != '\0') {
		uint64_t value;
		const char *after = *text >= '0' && *text <= '9' ? number(text, &value) : NULL;
		if (after != NULL && value < INT_MAX && (int)value > highest)
			highest = (int)value;
		text = after != NULL ? after : text + 1;
	}
	return highest;
}

int look_highest_cpu(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int n;

	if (fd < 0)
		return -errno;
	n = look(fd, text, sizeof text);
	close(fd);
	return n < 0 ? n : parse_highest_cpu(text);
}
