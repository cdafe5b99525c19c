/* SPDX-License-Identifier: MIT */

/*
 * The processes that guests live in. What a process has used is one number, which is had in half the time that a look at
 * one guest takes: as long as it stands still, none of the guests there need be looked at.
 */
#ifndef RTB_HOUSES_H
#define RTB_HOUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a process, at the place that its pid comes to; of two with the same place, who comes first in a round. */
struct house {
	int pid;
	bool stirs;
	/* How many of its guests were asked about, in this round and in the one before. */
	uint32_t guests, guests_before;
	/* When it was asked last, and from when on it may be asked again. */
	uint64_t round, next_round;
	/* As rtb_used_nsec() has it. */
	int64_t used_nsec;
};

struct houses {
	struct house *places;
	/* A power of two. */
	size_t count;
};

/* For so many guests: 0 or -errno. */
int houses_open(struct houses *houses, size_t capacity);
void houses_close(struct houses *houses);

/*
 * Whether any thread of the process may have run since it was asked this in an earlier round; false only when none has.
 * Rounds count up from 1.
 */
bool house_stirs(struct houses *houses, int pid, uint64_t round);

#endif
