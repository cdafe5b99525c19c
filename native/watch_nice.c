/* SPDX-License-Identifier: MIT */

/*
 * High-priority threads, which no canary can judge: nice acts within a cgroup only, and a short sleeper is served first.
 * Where they take a CPU's worth and ordinary threads wait, the greediest of the user who takes it loses it first.
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
	for (size_t i = 0; i < dog->cpu_count; i++) {
		dog->cpus[i].nice_nsec = 0;
		dog->cpus[i].nice_stolen_nsec = dog->times[i].stolen_nsec;
	}
}

void count_nice(struct rtb_watchdog *dog, struct guest *guest)
{
	if (guest->nice.serial != dog->nice.serial)
		guest->nice = (struct tally){ .serial = dog->nice.serial };
	guest->nice.run_nsec += guest->ran_nsec;
	dog->cpus[guest->cpu].nice_nsec += guest->ran_nsec;
}

/*
 * Whether anybody else waited, on any CPU: if not, the scout can stay at home. Of the runnable threads some ran, and of
 * those that did not some are granted ones: the rest is them. (Counters of what waits on one CPU are not in every kernel.)
 */
static bool others_wait(const struct rtb_watchdog *dog, uint64_t elapsed)
{
	const struct nice_watch *nice = &dog->nice;

	/* Where that cannot be read the scout has to go and see. */
	if (nice->looks == 0)
		return true;

	int64_t runnable = (int64_t)(nice->runnable * elapsed / nice->looks);
	int64_t waiting = runnable - (int64_t)(busy(dog) - nice->busy_nsec) - (int64_t)nice->granted_waiting_nsec;

	return waiting * 1000 >= (int64_t)(elapsed * WAITING_PERMILLE);
}

/* Whether ordinary threads waited where the scout has been. */
static bool ordinary_wait(const struct scout *scout)
{
	uint64_t waiting = 0;

	for (size_t i = 0; i < scout->count; i++) {
		const struct finding *found = &scout->findings[i];
		waiting += found->ready_nsec > found->run_nsec ? found->ready_nsec - found->run_nsec : 0;
	}
	return waiting * 1000 >= scout->window_nsec * WAITING_PERMILLE && waiting > 0;
}

/* What a thread took, of those that are on this CPU now. */
static uint64_t taken(const struct rtb_watchdog *dog, const struct guest *guest, size_t cpu)
{
	if (guest == NULL || guest->demoted || guest->kind != GRANT_HIGH_PRIORITY || guest->cpu != (int)cpu)
		return 0;
	return guest->nice.serial == dog->nice.serial ? guest->nice.run_nsec : 0;
}

/* The only user there who can have taken more than half of all that was taken (Boyer and Moore's majority vote). */
static uint32_t main_user(struct rtb_watchdog *dog, size_t cpu)
{
	size_t high = atomic_load(&dog->roster.high);
	uint64_t lead = 0;
	uint32_t uid = 0;

	for (size_t i = 0; i < high; i++) {
		const struct guest *guest = roster_guest(&dog->roster, i);
		uint64_t nsec = taken(dog, guest, cpu);
		if (nsec == 0)
			continue;
		if (guest->uid == uid) {
			lead += nsec;
		} else if (nsec > lead) {
			uid = guest->uid;
			lead = nsec - lead;
		} else {
			lead -= nsec;
		}
	}
	return uid;
}

/* The greediest thread of the user whose threads together took at least `least_nsec` there; -1 when there is none. */
static ptrdiff_t find_greediest(struct rtb_watchdog *dog, size_t cpu, uint64_t least_nsec)
{
	size_t high = atomic_load(&dog->roster.high);
	uint32_t uid = main_user(dog, cpu);
	uint64_t sum = 0, most = 0;
	ptrdiff_t greediest = -1;

	for (size_t i = 0; i < high; i++) {
		const struct guest *guest = roster_guest(&dog->roster, i);
		uint64_t nsec = taken(dog, guest, cpu);
		if (nsec == 0 || guest->uid != uid)
			continue;
		sum += nsec;
		if (nsec > most) {
			most = nsec;
			greediest = (ptrdiff_t)i;
		}
	}
	return sum >= least_nsec ? greediest : -1;
}

/* What is enough of a CPU to bear the blame, if the window is so long. What was stolen of it was nobody's to take. */
static uint64_t least(const struct rtb_watchdog *dog, size_t cpu, uint64_t window)
{
	uint64_t before = dog->cpus[cpu].nice_stolen_nsec, now = dog->times[cpu].stolen_nsec;
	uint64_t stolen = now > before ? now - before : 0;

	/* Of nothing there is not enough. */
	if (stolen >= window)
		return UINT64_MAX;
	return (window - stolen) * (uint64_t)dog->rule.blame_permille / 1000;
}

static bool demote_greediest(struct rtb_watchdog *dog, size_t cpu, uint64_t elapsed)
{
	ptrdiff_t greediest = find_greediest(dog, cpu, least(dog, cpu, elapsed));
	struct rtb_watchdog_event event = { .cpu = (int32_t)cpu, .reason = RTB_NICE, .window_nsec = elapsed };

	if (greediest < 0)
		return false;
	event.ran_nsec = dog->roster.slots[greediest].guest.nice.run_nsec;
	return demote(dog, (size_t)greediest, event);
}

/* Whether they can have taken enough of any CPU by the end of the window. */
static bool enough_to_come(const struct rtb_watchdog *dog, uint64_t elapsed)
{
	uint64_t to_come = dog->nice.length_nsec - elapsed;
	bool enough = false;

	for (size_t i = 0; i < dog->cpu_count && !enough; i++)
		enough = dog->cpus[i].nice_nsec + to_come >= least(dog, i, dog->nice.length_nsec);
	return enough;
}

/* Sends the scout to the next CPU, from `nice.cpu` on, that they took. False when there is none left. */
static bool send_scout(struct rtb_watchdog *dog, uint64_t elapsed)
{
	struct nice_watch *nice = &dog->nice;

	for (; nice->cpu < dog->cpu_count; nice->cpu++) {
		if (dog->cpus[nice->cpu].nice_nsec < least(dog, nice->cpu, elapsed))
			continue;
		nice->scouting = scout_send(&dog->scout, SCOUT_ORDINARY, (int)nice->cpu);
		/* If it was out, it is asked again at the next look. */
		return true;
	}
	return false;
}

/* What the scout found. Returns whether somebody was demoted. */
static bool hear_scout(struct rtb_watchdog *dog, uint64_t elapsed)
{
	bool demoted = ordinary_wait(&dog->scout) && demote_greediest(dog, dog->nice.cpu, elapsed);

	scout_dismiss(&dog->scout);
	dog->nice.scouting = false;
	dog->nice.cpu++;
	return demoted;
}

void judge_nice(struct rtb_watchdog *dog, uint64_t now, bool burning)
{
	uint64_t window = (uint64_t)dog->rule.nice_window_msec * NSEC_PER_MSEC;
	struct nice_watch *nice = &dog->nice;
	uint64_t elapsed = now - nice->since_nsec;
	bool back = scout_back(&dog->scout, SCOUT_ORDINARY);

	if (back && !(nice->running && nice->scouting)) {
		/* The window it was sent for is over. */
		scout_dismiss(&dog->scout);
		back = false;
	}
	if (!nice->running) {
		if (burning)
			begin(dog, now, window);
		return;
	}
	/* Of all that is runnable the watchdog itself is one. */
	if (dog->runnable > 0) {
		nice->runnable += (uint64_t)dog->runnable - 1;
		nice->looks++;
	}
	if (nice->scouting && !back)
		return;

	if (elapsed < nice->length_nsec) {
		/* When others ran for too long to accuse anybody, what comes after them is not to wait for the end of this window. */
		if (enough_to_come(dog, elapsed))
			return;
		nice->running = false;
	} else if (back && hear_scout(dog, elapsed)) {
		begin(dog, now, NEXT_NSEC);
	} else if ((!back && !others_wait(dog, elapsed)) || !send_scout(dog, elapsed)) {
		nice->running = false;
	}
	if (!nice->running && burning)
		begin(dog, now, window);
}
