/* SPDX-License-Identifier: MIT */
#ifndef RTB_CHECK_H
#define RTB_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(claim)                                                                  \
	do {                                                                          \
		if (!(claim)) {                                                       \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                      \
		}                                                                     \
	} while (0)

/* For what need not hold on every machine: says so, also in a process that ends by _exit(2), and lets the rest go on. */
#define SKIP_UNLESS(able, wants)                                      \
	if (!(able)) {                                                \
		printf("  skipped: %s needs %s\n", __func__, wants); \
		fflush(stdout);                                       \
		return;                                               \
	}

#endif
