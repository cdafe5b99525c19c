/* SPDX-License-Identifier: MIT */
/* The kernel's own realtime threads, which are nobody's business but its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The first of a name that begins so; 0 without one. */
int kernel_thread(const char *name);

/* Nanoseconds so far; 0 when there is no such thread. */
uint64_t cpu_time(int tid);

/* All of them as they run now; and how many of those that are still there run otherwise. */
int survey_kernel_threads(void);
int changed_kernel_threads(void);
