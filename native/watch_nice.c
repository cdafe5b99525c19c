/* SPDX-License-Identifier: MIT */

/*
 * High-priority threads, which no canary can judge: nice acts within a cgroup only, and a short sleeper is served first.
 * Whoever of a user's burns most loses it when they together take a CPU's worth while ordinary threads wait.
 */
#define _GNU_SOURCE
#include "now.h"
#include "watchdog.h"

/* After the first of a crowd was demoted, the next ones need not be watched as long. */
#define NEXT_NSEC (200 * NSEC_PER_MSEC)
/* So many thousandths of a thread, on average, must have waited in vain. */
#define WAITING_PERMILLE 250

static uint64_t busy(const struct rtb_watchdog *dog)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < dog->cpu_count; i++)
		sum += dog->times[i].busy_nsec;
	return sum;
}

void start_nice_anew(struct rtb_watchdog *dog)
{
	dog->nice.running = false;
}

static void begin(struct rtb_watchdog *dog, uint64_t now, uint64_t length_nsec)
{
	dog->nice = (struct nice_watch){
		.running = true,
		.serial = new_serial(dog),
		.since_nsec = now,
		.length_nsec = length_nsec,
		.busy_nsec = busy(dog),
	};
}

void count_nice(struct rtb_watchdog *dog, struct guest *guest)
{
	if (!dog->nice.running)
		return;
	if (guest->nice.serial != dog->nice.serial)
		guest->nice = (struct tally){ .serial = dog->nice.serial };
	guest->nice.run_nsec += guest->ran_nsec;
	dog->nice.granted_waiting_nsec += guest->waited_nsec;
}

/*
 * Whether ordinary threads waited. Of the runnable threads some ran, and of those that did not some are granted ones: the
 * rest is them. (Counters of what waits on one CPU are not in every kernel.)
 */
static bool others_wait(const struct rtb_watchdog *dog, uint64_t elapsed)
{
	const struct nice_watch *nice = &dog->nice;
	int64_t runnable = nice->looks > 0 ? (int64_t)(nice->runnable * elapsed / nice->looks) : 0;
	int64_t waiting = runnable - (int64_t)(busy(dog) - nice->busy_nsec) - (int64_t)nice->granted_waiting_nsec;

	return waiting * 1000 >= (int64_t)(elapsed * WAITING_PERMILLE);
}

static uint64_t taken(const struct rtb_watchdog *dog, const struct guest *guest)
{
	bool counts = !guest->demoted && guest->kind == GRANT_HIGH_PRIORITY && guest->nice.serial == dog->nice.serial;

	return counts ? guest->nice.run_nsec : 0;
}

/* Who took a thousandth of a CPU or more, which only so many can: into suspect_slots. Returns how many. */
static size_t find_burners(struct rtb_watchdog *dog, uint64_t elapsed)
{
	size_t high = atomic_load(&dog->roster.high);
	size_t found = 0;

	for (size_t i = 0; i < high; i++) {
		const struct guest *guest = roster_guest(&dog->roster, i);
		if (guest != NULL && taken(dog, guest) * 1000 >= elapsed)
			dog->suspect_slots[found++] = i;
	}
	return found;
}

/* The greediest thread of a user whose threads together took at least `least_nsec` of one CPU; -1 when there is none. */
static ptrdiff_t find_greediest(struct rtb_watchdog *dog, size_t burners, uint64_t least_nsec)
{
	for (size_t i = 0; i < burners; i++) {
		const struct guest *guest = &dog->roster.slots[dog->suspect_slots[i]].guest;
		uint64_t sum = 0, most = 0;
		ptrdiff_t greediest = -1;

		for (size_t j = 0; j < burners; j++) {
			const struct guest *other = &dog->roster.slots[dog->suspect_slots[j]].guest;
			if (other->uid != guest->uid || other->cpu != guest->cpu)
				continue;
			sum += taken(dog, other);
			if (taken(dog, other) > most) {
				most = taken(dog, other);
				greediest = (ptrdiff_t)dog->suspect_slots[j];
			}
		}
		if (sum >= least_nsec)
			return greediest;
	}
	return -1;
}

static bool demote_greediest(struct rtb_watchdog *dog, uint64_t elapsed)
{
	uint64_t least = elapsed * (uint64_t)dog->rule.blame_permille / 1000;
	ptrdiff_t greediest = find_greediest(dog, find_burners(dog, elapsed), least);

	if (greediest < 0)
		return false;
	const struct guest *guest = &dog->roster.slots[greediest].guest;
	struct rtb_watchdog_event event = {
		.cpu = guest->cpu,
		.reason = RTB_NICE,
		.ran_nsec = guest->nice.run_nsec,
		.window_nsec = elapsed,
	};
	return demote(dog, (size_t)greediest, event);
}

void judge_nice(struct rtb_watchdog *dog, uint64_t now, bool burning)
{
	uint64_t window = (uint64_t)dog->rule.nice_window_msec * NSEC_PER_MSEC;
	uint64_t elapsed = now - dog->nice.since_nsec;

	if (!dog->nice.running) {
		if (burning)
			begin(dog, now, window);
		return;
	}
	/* Of all that is runnable the watchdog itself is one. */
	if (dog->runnable > 0) {
		dog->nice.runnable += (uint64_t)dog->runnable - 1;
		dog->nice.looks++;
	}
	if (elapsed < dog->nice.length_nsec)
		return;

	bool demoted = others_wait(dog, elapsed) && demote_greediest(dog, elapsed);
	if (demoted || burning)
		begin(dog, now, demoted ? NEXT_NSEC : window);
	else
		start_nice_anew(dog);
}
