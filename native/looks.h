/* SPDX-License-Identifier: MIT */

/* What the kernel counts, read from files opened beforehand into memory that is there: no allocation, no waiting. */
#ifndef RTB_LOOKS_H
#define RTB_LOOKS_H

#include <stddef.h>
#include <stdint.h>

/* /proc/PID/task/TID/schedstat: time run, and time ready but waiting. 0, or -errno when the thread has ended. */
int look_schedstat(int fd, uint64_t *run_nsec, uint64_t *delay_nsec);

/* The CPU a thread runs on or ran on last, field 39 of /proc/PID/task/TID/stat; -errno when it has ended. */
int look_cpu(int fd);

struct cpu_times {
	/* Since boot. Busy is all that is not idle; stolen is steal, irq and softirq. */
	uint64_t busy_nsec, stolen_nsec;
};

/*
 * /proc/stat. Times of CPUs that are offline stay as they were. Returns how many threads were runnable at this moment, the
 * caller among them; -ERANGE when the text was longer than the buffer (the times are good all the same).
 */
int look_cpus(int fd, char *buffer, size_t size, struct cpu_times *times, size_t cpus);

/* The parsers of these, over texts that may be anything. */
int parse_schedstat(const char *text, uint64_t *run_nsec, uint64_t *delay_nsec);
int parse_cpu(const char *text);
int parse_cpus(char *text, struct cpu_times *times, size_t cpus);

#endif
