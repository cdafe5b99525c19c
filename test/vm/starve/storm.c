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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT "/dev/ttyS3"
#define THREAD "irq/3-"
#define AFFINITY "/proc/irq/3/smp_affinity_list"

enum { MOMENT_USEC = 100000, MOMENTS = 30 };

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
	prctl(PR_SET_PDEATHSIG, SIGKILL);
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

/* The thread takes much of what the players leave of their CPU, and the canary starves: but it is the kernel's. */
bool storm_of_interrupts(void)
{
	int thread = kernel_thread(THREAD);
	pid_t sender = turn_to_last_cpu() ? send_without_end() : -1;
	uint64_t burned_nsec = cpu_time(thread);
	int moments = 0;
	bool starved;

	if (sender < 0)
		return false;
	for (; !(starved = heard(RTB_STARVED)) && moments < MOMENTS; moments++)
		usleep(MOMENT_USEC);
	/* Whoever looks for strangers then takes his time. */
	usleep(5 * MOMENT_USEC);
	burned_nsec = cpu_time(thread) - burned_nsec;
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	return starved && burned_nsec / 1000 > (uint64_t)(moments + 5) * MOMENT_USEC / 10;
}
