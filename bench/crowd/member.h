/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* A user's process, seen from the one that started it. */
struct member {
	pid_t pid;
	int orders;
	/* How many granted threads it has, or was told to have. */
	uint32_t threads;
};

/* Starts the process of user number `number`, which writes that number to done[1] whenever it has done what it was told. */
void member_start(struct member *member, const char *address, uid_t uid, uint32_t number, const int done[2]);

/* Tells it to have so many threads, all of them granted: it connects for it, asks for each, and hangs up. */
void member_tell(struct member *member, uint32_t threads);
