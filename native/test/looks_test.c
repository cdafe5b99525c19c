/* SPDX-License-Identifier: MIT */

/* Texts of the kernel's, and texts that no kernel would write but that a name or an error might bring about. */
#define _GNU_SOURCE
#include "../looks.h"
#include "../now.h"
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TICK UINT64_C(10000000)

static const struct {
	const char *text;
	int result;
	uint64_t run, delay;
} schedstats[] = {
	{ "123456 789 12\n", 0, 123456, 789 },
	{ "0 0 0\n", 0, 0, 0 },
	{ "18446744073709551615 18446744073709551615 1\n", 0, UINT64_MAX, UINT64_MAX },
	{ "18446744073709551616 1 1\n", -EBADMSG, 0, 0 },
	{ "1 18446744073709551616 1\n", -EBADMSG, 0, 0 },
	{ "", -EBADMSG, 0, 0 },
	{ "\n", -EBADMSG, 0, 0 },
	{ "12", -EBADMSG, 0, 0 },
	{ "12 \n", -EBADMSG, 0, 0 },
	{ "x 1 1\n", -EBADMSG, 0, 0 },
	{ "1 x 1\n", -EBADMSG, 0, 0 },
};

static void schedstat_is_two_numbers(void)
{
	for (size_t i = 0; i < sizeof schedstats / sizeof *schedstats; i++) {
		uint64_t run = 0, delay = 0;
		CHECK(parse_schedstat(schedstats[i].text, &run, &delay) == schedstats[i].result);
		CHECK(schedstats[i].result < 0 || (run == schedstats[i].run && delay == schedstats[i].delay));
	}
}

/* Fields 3 to 43 of a thread on CPU 5, SCHED_RR 20, nice -11, born at 8123; field 25 is as large as it gets. */
#define AFTER "S 1 2 3 0 -1 1077936192 5 6 7 8 9 10 11 12 20 -11 1 0 8123 24 25 18446744073709551615 26 27 28 29 30 31 32 " \
	      "33 34 35 36 37 38 5 20 2 0\n"

static const struct {
	const char *title, *text, *comm;
	int result;
} threads[] = {
	{ "a plain name", "8123 (pipewire) " AFTER, "pipewire", 0 },
	{ "a name with a space", "8123 (Web Content) " AFTER, "Web Content", 0 },
	{ "a name that closes the parenthesis early", "8123 (evil) R 1 1 1) " AFTER, "evil) R 1 1 1", 0 },
	{ "a name of parentheses alone", "8123 ()()()) " AFTER, ")()()", 0 },
	{ "an empty name", "8123 () " AFTER, "", 0 },
	{ "a name with a line end", "8123 (two\nlines) " AFTER, "two\nlines", 0 },
	{ "a kernel thread's long name", "8123 (kworker/u256:12-events_unbound) " AFTER, "kworker/u256:12", 0 },
	{ "nothing", "", NULL, -EBADMSG },
	{ "no name", "8123 pipewire " AFTER, NULL, -EBADMSG },
	{ "a name that never ends", "8123 (pipewire " AFTER, NULL, -EBADMSG },
	{ "a name that ends before it begins", "8123 )pipewire( " AFTER, NULL, -EBADMSG },
	{ "nothing after the name", "8123 (pipewire)", NULL, -EBADMSG },
	{ "a space after the name", "8123 (pipewire) ", NULL, -EBADMSG },
	{ "text cut off before the CPU", "8123 (a) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 -11 1 0 8123 24", NULL, -EBADMSG },
	{ "words for numbers", "8123 (a) S 1 2 3 0 -1 many 5 6 7 8 9 10 11 12 20 -11 1 0 8123 24 25 26 27 28 29 30 31 32 33 34 "
			       "35 36 37 38 39 5 20 2 0\n", NULL, -EBADMSG },
	{ "a CPU below 0", "8123 (a) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 -11 1 0 8123 24 25 26 27 28 29 30 31 32 33 34 35 36 "
			   "37 38 39 -1 20 2 0\n", NULL, -EBADMSG },
	{ "a CPU no machine has", "8123 (a) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 -11 1 0 8123 24 25 26 27 28 29 30 31 32 33 "
				  "34 35 36 37 38 39 99999999999 20 2 0\n", NULL, -EBADMSG },
};

static void a_thread_is_read_whatever_its_name(void)
{
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
		struct thread_look look;
		int result = parse_thread(threads[i].text, &look);
		bool as_said = result == threads[i].result;
		if (result == 0)
			as_said &= strcmp(look.comm, threads[i].comm) == 0 && look.state == 'S' &&
				   look.flags == 1077936192 && look.nice == -11 && look.starttime == 8123 &&
				   look.cpu == 5 && look.priority == 20 && look.policy == 2;
		if (!as_said) {
			fprintf(stderr, "%s: %d\n", threads[i].title, result);
			abort();
		}
	}
}

static const struct {
	const char *title, *text;
	int result;
	uint64_t busy[3], stolen[3];
	/* Though it was never busy. */
	bool online[3];
} stats[] = {
	{ "two CPUs",
	  "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 10 0 0 90 0 0 0 1 0 0\nintr 5 1 2\nctxt 1\nprocs_running 3\n",
	  3, { 27, 11 }, { 21, 1 }, { 0 } },
	{ "an offline CPU between", "cpu0 1 0 0 0 0 0 0 0 0 0\ncpu2 3 0 0 0 0 0 0 0 0 0\nprocs_running 1\n", 1, { 1, 0, 3 }, { 0 }, { 0 } },
	{ "more CPUs than we asked for", "cpu0 1 0 0\ncpu3 9 9 9\ncpu99999999999999999999 1\nprocs_running 1\n", 1, { 1 }, { 0 }, { 0 } },
	{ "an old kernel's short lines", "cpu0 1 2\nprocs_running 2\n", 2, { 3 }, { 0 }, { 0 } },
	{ "numbers that overflow count nothing", "cpu0 18446744073709551616 5\nprocs_running 2\n", 2, { 0 }, { 0 }, { true } },
	{ "cut off in the middle", "cpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1", -ERANGE, { 1 }, { 0 }, { 0 } },
	{ "cut off in the number", "cpu0 1 0 0 0 0 0 0 0 0 0\nprocs_running 1", -ERANGE, { 1 }, { 0 }, { 0 } },
	{ "no number", "procs_running \n", -EBADMSG, { 0 }, { 0 }, { 0 } },
	{ "too many", "procs_running 99999999999\n", -EBADMSG, { 0 }, { 0 }, { 0 } },
	{ "lines that only begin alike", "cpu\ncpux 1 2 3\ncpu-1 5 5\nprocs_runningx 4\nprocs_running 7\n", 7, { 0 }, { 0 }, { 0 } },
	{ "nothing", "", -ERANGE, { 0 }, { 0 }, { 0 } },
	{ "empty lines", "\n\n\n", -ERANGE, { 0 }, { 0 }, { 0 } },
};

static void times_of_cpus_are_read(void)
{
	for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
		struct cpu_times times[3] = { 0 };
		char text[512];
		bool as_said;
		strcpy(text, stats[i].text);
		as_said = parse_cpus(text, times, 3) == stats[i].result;
		for (int j = 0; j < 3; j++)
			as_said &= times[j].busy_nsec == stats[i].busy[j] * TICK &&
				   times[j].stolen_nsec == stats[i].stolen[j] * TICK &&
				   times[j].online == (stats[i].busy[j] > 0 || stats[i].online[j]);
		if (!as_said) {
			fprintf(stderr, "%s\n", stats[i].title);
			abort();
		}
	}
}

static void a_list_of_cpus_has_a_highest(void)
{
	CHECK(parse_highest_cpu("0\n") == 0);
	CHECK(parse_highest_cpu("0-127\n") == 127);
	CHECK(parse_highest_cpu("0-3,8-11,6\n") == 11);
	CHECK(parse_highest_cpu("\n") == -EBADMSG);
	CHECK(parse_highest_cpu("") == -EBADMSG);
	CHECK(parse_highest_cpu("0-99999999999999999999999\n") == 0);
	CHECK(look_highest_cpu("/sys/devices/system/cpu/possible") >= 0);
	CHECK(look_highest_cpu("/nowhere") == -ENOENT);
}

static void the_kernels_own_texts_are_understood(void)
{
	struct thread_look look;
	struct cpu_times times[64] = { 0 };
	static char text[65536];
	uint64_t run, delay;
	int stat_fd = open("/proc/thread-self/stat", O_RDONLY), sched_fd = open("/proc/thread-self/schedstat", O_RDONLY);
	int cpus_fd = open("/proc/stat", O_RDONLY);

	CHECK(look_thread(stat_fd, &look) == 0);
	CHECK(strcmp(look.comm, program_invocation_short_name) == 0 && look.state == 'R' && look.policy == 0);
	CHECK(look_schedstat(sched_fd, &run, &delay) == 0);
	CHECK(look_cpus(cpus_fd, text, sizeof text, times, 64) >= 1);
	CHECK(times[0].busy_nsec > 0 && times[0].online && !times[63].online);
	/* Too small a buffer: the times that fitted are good. */
	times[0].busy_nsec = 0;
	CHECK(look_cpus(cpus_fd, text, 200, times, 64) == -ERANGE && times[0].busy_nsec > 0);
	CHECK(look_cpus(-1, text, sizeof text, times, 64) == -EBADF);
	CHECK(look_thread(-1, &look) == -EBADF && look_schedstat(-1, &run, &delay) == -EBADF);
	close(stat_fd);
	close(sched_fd);
	close(cpus_fd);
}

/* A machine of 128 CPUs with many interrupts, as far as it is ours to read. */
static void a_large_machine_is_read_quickly(void)
{
	static char text[65536], copy[65536];
	struct cpu_times times[128] = { 0 };
	size_t at = 0;
	uint64_t start;

	for (int i = 0; i < 128; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "cpu%d 12345678 1234 2345678 987654321 12345 0 123456 0 0 0\n", i);
	at += (size_t)snprintf(text + at, sizeof text - at, "intr 987654321");
	for (int i = 0; i < 4096; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, " %d", i % 3 == 0 ? 123456 : 0);
	snprintf(text + at, sizeof text - at, "\nctxt 1\nbtime 1\nprocesses 1\nprocs_running 17\nprocs_blocked 0\n");

	start = now_nsec();
	for (int i = 0; i < 100; i++) {
		memcpy(copy, text, sizeof copy);
		CHECK(parse_cpus(copy, times, 128) == 17);
	}
	printf("  /proc/stat of 128 CPUs and 4096 interrupts: %.0f usec to read\n", (double)(now_nsec() - start) / 100000);
	CHECK(times[127].busy_nsec > 0);
}

int main(void)
{
	schedstat_is_two_numbers();
	a_thread_is_read_whatever_its_name();
	times_of_cpus_are_read();
	a_list_of_cpus_has_a_highest();
	the_kernels_own_texts_are_understood();
	a_large_machine_is_read_quickly();
	return 0;
}
