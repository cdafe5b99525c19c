/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What the kernel counts of a process that serves others. Both end the program when that process has ended. */

/* CPU time in ns, with all threads it ever had; clock_getcpuclockid(3). */
uint64_t servant_cpu_nsec(pid_t pid);

/* How often its threads of now were given a CPU; proc(5), status. */
uint64_t servant_wakeups(pid_t pid);
