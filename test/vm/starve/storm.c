/* SPDX-License-Identifier: MIT */
/*
 * Interrupts without end, of a serial port that the guest has for this alone: whatever is sent there goes nowhere, at once.
 * Where interrupts have threads (threadirqs, PREEMPT_RT), that of this one is SCHED_FIFO 50 and never sleeps.
 */
#include "../../../native/realtime-broker.h"
#include "kernel.h"
#include "stage.h"
#include "sysfs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT "/dev/ttyS3"
#define THREAD "irq/3-"
#define AFFINITY "/proc/irq/3/smp_affinity_list"

enum { STORM_USEC = 1500000 };

/* It has a thread from when it is first used. */
bool interrupts_have_threads(void)
{
	int port = open(PORT, O_WRONLY);
	bool found = kernel_thread(THREAD) > 0;

	close(port);
	return found;
}

static pid_t send_without_end(void)
{
	static const char nothing[4096];
	pid_t child = fork();

	if (child != 0)
		return child;
	int port = open(PORT, O_WRONLY);
	while (write(port, nothing, sizeof nothing) > 0)
		;
	_exit(1);
}

static bool turn_to_last_cpu(void)
{
	char last[32];

	snprintf(last, sizeof last, "%ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	return put(AFFINITY, last);
}

/* The thread takes what the players leave of their CPU, and the canary starves: but it is the kernel's. */
bool storm_of_interrupts(void)
{
	int thread = kernel_thread(THREAD);
	pid_t sender = turn_to_last_cpu() ? send_without_end() : -1;
	uint64_t burned_nsec = cpu_time(thread);

	if (sender < 0)
		return false;
	usleep(STORM_USEC);
	burned_nsec = cpu_time(thread) - burned_nsec;
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	return heard(RTB_STARVED) && burned_nsec / 1000 > STORM_USEC / 10;
}
