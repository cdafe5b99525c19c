/* SPDX-License-Identifier: MIT */

/* What the kernel counts, read from files opened beforehand into memory that is there: no allocation, no waiting. */
#ifndef RTB_LOOKS_H
#define RTB_LOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/PID/task/TID/schedstat: time run, and time ready but waiting. 0, or -errno: -ESRCH when the thread has ended. */
int look_schedstat(int fd, uint64_t *run_nsec, uint64_t *delay_nsec);

/* What /proc/PID/task/TID/stat says of a thread. */
struct thread_look {
	/* Cut short to 15 bytes; as its owner named it. */
	char comm[16];
	char state;
	/* PF_KTHREAD and others. */
	uint64_t flags;
	int nice, priority, policy;
	uint64_t starttime;
	/* Where it runs or ran last. */
	int cpu;
};

/* 0, or -errno: -ESRCH when it has ended. */
int look_thread(int fd, struct thread_look *look);

struct cpu_times {
	/* Since boot. Busy is all that is not idle; stolen is steal, irq and softirq. */
	uint64_t busy_nsec, stolen_nsec;
	bool online;
};

/*
 * /proc/stat. Times of CPUs that are offline stay as they were. Returns how many threads were runnable at this moment, the
 * caller among them; -ERANGE when the text was longer than the buffer (the times are good all the same).
 */
int look_cpus(int fd, char *buffer, size_t size, struct cpu_times *times, size_t cpus);

/* The highest number in a list of CPUs such as /sys/devices/system/cpu/possible; -errno. */
int look_highest_cpu(const char *path);

/* The parsers of these, over texts that may be anything: 0 or more, or -EBADMSG. */
int parse_schedstat(const char *text, uint64_t *run_nsec, uint64_t *delay_nsec);
int parse_thread(const char *text, struct thread_look *look);
int parse_cpus(char *text, struct cpu_times *times, size_t cpus);
int parse_highest_cpu(const char *text);

#endif
