/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "houses.h"
#include "now.h"
#include "realtime-broker.h"
#include "resident.h"

#include <errno.h>

/*
 * Whoever has so many threads that the kernel takes longer to add them up than it takes to look at the guests, and longer
 * than SLOW_NSEC, is not asked again for some rounds.
 */
#define SLOW_NSEC (20 * NSEC_PER_USEC)
#define LOOK_NSEC (2 * NSEC_PER_USEC)
#define SLOW_ROUNDS 64

int houses_open(struct houses *houses, size_t capacity)
{
	size_t count = 64;

	while (count < 2 * capacity)
		count *= 2;
	*houses = (struct houses){ .places = resident_new(count * sizeof *houses->places, false), .count = count };
	return houses->places == NULL ? -ENOMEM : 0;
}

void houses_close(struct houses *houses)
{
	resident_free(houses->places, houses->count * sizeof *houses->places);
}

static bool ask(struct house *house, uint64_t round)
{
	int64_t before = house->used_nsec;
	uint64_t worth = house->guests_before * LOOK_NSEC, start;

	if (round < house->next_round)
		return true;
	start = now_nsec();
	house->used_nsec = rtb_used_nsec(house->pid);
	if (now_nsec() - start > (worth > SLOW_NSEC ? worth : SLOW_NSEC))
		house->next_round = round + SLOW_ROUNDS;
	return house->used_nsec < 0 || house->used_nsec != before;
}

bool house_stirs(struct houses *houses, int pid, uint64_t round)
{
	struct house *house = &houses->places[(size_t)pid & (houses->count - 1)];

	if (house->pid == pid && house->round == round) {
		house->guests++;
		return house->stirs;
	}
	if (house->round == round)
		return true;
	if (house->pid != pid)
		*house = (struct house){ .pid = pid };
	house->round = round;
	house->guests_before = house->guests;
	house->guests = 1;
	house->stirs = ask(house, round);
	return house->stirs;
}
