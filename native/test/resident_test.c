/* SPDX-License-Identifier: MIT */

/* What of this process is kept in memory, on the kernel's word: smaps of proc(5). */
#define _GNU_SOURCE
#include "../realtime-broker.h"
#include "../resident.h"
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES (1 << 20)

/* How much of the mapping that holds this address is locked, or of all of them with NULL. */
static size_t locked(const void *address)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool within = false;
	size_t sum = 0;

	CHECK(smaps != NULL);
	while (fgets(line, sizeof line, smaps) != NULL) {
		uintptr_t from, to;
		size_t kilobytes;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			within = address == NULL || (from <= (uintptr_t)address && (uintptr_t)address < to);
		else if (within && sscanf(line, "Locked: %zu kB", &kilobytes) == 1)
			sum += kilobytes * 1024;
	}
	fclose(smaps);
	return sum;
}

static void *others(void)
{
	void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	/* Else the kernel might make one mapping of it and a neighbour. */
	CHECK(mprotect(memory, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) == 0);
	memset((char *)memory + BYTES / 2, 1, BYTES / 2);
	return (char *)memory + BYTES / 2;
}

static void memory_is_kept_at_once_or_as_it_is_used(void)
{
	char *whole = resident_new(BYTES, true), *used = resident_new(BYTES, false);

	CHECK(whole != NULL && used != NULL && whole[BYTES - 1] == 0);
	CHECK(locked(whole) >= BYTES);
	size_t before = locked(used);
	used[BYTES / 2] = 1;
	CHECK(locked(used) > before);
	resident_free(whole, BYTES);
	resident_free(used, BYTES);
}

/* Sanitizers keep books of their own beside each thread's. */
static size_t spare;

/* V8 would not bear it; and what Node maps later is nobody's business either. */
static void nothing_is_kept_but_what_is_the_watchdogs(void)
{
	const struct rtb_watchdog_rule rule = {
		.priority = 99,
		.capacity = 16384,
		.patience_msec = 300,
		.sluggish_msec = 20,
		.sluggish_window_msec = 2000,
		.grace_msec = 100,
		.blame_permille = 850,
		.nice_window_msec = 2000,
	};
	size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	struct rtb_watchdog *dog;
	void *before = others();
	size_t at_first = locked(NULL);
	int events = rtb_watchdog_open(&dog, &rule);

	CHECK(events >= 0);
	usleep(100000);
	void *after = others();
	size_t kept = locked(NULL) - at_first;
	printf("  kept in memory for %zu CPUs: %zu KiB\n", cpus, kept / 1024);
	CHECK(locked(before) == 0 && locked(after) == 0);
	/* Our own code, and the books of the README. */
	CHECK(locked((const void *)(uintptr_t)rtb_watchdog_open) > 0);
	CHECK(kept > 256 * 1024 && kept < (size_t)2 * 1024 * 1024 + cpus * 64 * 1024 + spare);
	CHECK(rtb_watchdog_close(dog) == 0);
	close(events);
}

int main(int count, char **arguments)
{
	if (count > 1 && strcmp(arguments[1], "brief") == 0)
		spare = 16 * 1024 * 1024;
	if (rtb_sched_try_realtime() < 0) {
		printf("  skipped: the watchdog needs the right to SCHED_RR\n");
		return 0;
	}
	memory_is_kept_at_once_or_as_it_is_used();
	nothing_is_kept_but_what_is_the_watchdogs();
	return 0;
}
