/* SPDX-License-Identifier: MIT */

/* Realtime threads that nobody granted: named where they starve a CPU, and demoted if the rule says so. */
#define _GNU_SOURCE
#include "now.h"
#include "watchdog.h"

#include <sched.h>
#include <string.h>

/* So many are named at most. */
#define NAMED_MAX 4
/* The scout is not sent to a CPU again before, unless what it found was demoted. */
#define AGAIN_NSEC NSEC_PER_SEC

void seek_strangers(struct rtb_watchdog *dog, struct cpu *cpu)
{
	uint64_t now = now_nsec();

	if (now - cpu->sought_nsec < AGAIN_NSEC || (cpu->named && !dog->rule.demote_unknown))
		return;
	if (scout_send(&dog->scout, SCOUT_REALTIME, cpu->canary.cpu))
		cpu->sought_nsec = now;
}

static struct vigil_suspect suspect(const struct finding *found)
{
	uint64_t waited = found->ready_nsec > found->run_nsec ? found->ready_nsec - found->run_nsec : 0;

	return (struct vigil_suspect){ found->run_nsec, waited };
}

/* False when the kernel says no, or it has ended. */
static bool demote_stranger(const struct finding *found)
{
	struct thread_look look;

	if (found->pidfd >= 0 ? rtb_pidfd_gone(found->pidfd) != 0 : look_thread(found->stat_fd, &look) < 0)
		return false;
	return rtb_sched_set(found->tid, SCHED_OTHER, 0, 0, 0) == 0;
}

static void name(struct rtb_watchdog *dog, const struct finding *found, bool demoted)
{
	struct cpu *cpu = &dog->cpus[dog->scout.cpu];
	struct rtb_watchdog_event event = {
		.kind = demoted ? RTB_STRANGER_DEMOTED : RTB_STRANGER,
		.reason = RTB_INNOCENT,
		.cpu = dog->scout.cpu,
		.stranger = {
			.tid = found->tid,
			.pid = found->pid,
			.policy = (uint16_t)found->look.policy,
			.priority = (uint16_t)found->look.priority,
			.ran_permille = (uint32_t)(found->run_nsec * 1000 / dog->scout.window_nsec),
		},
	};

	if (!cpu->starved)
		tell_starved(dog, cpu, (struct rtb_watchdog_event){ .reason = RTB_INNOCENT,
								    .cpu = dog->scout.cpu,
								    .late_nsec = cpu->vigil.mean_late_nsec });
	memcpy(event.stranger.comm, found->look.comm, sizeof event.stranger.comm);
	events_tell(&dog->events, event);
}

/* By what they wanted: in so short a time the fair server of Linux 6.12 may have given half of the CPU to the others. */
static bool to_blame(const struct rtb_watchdog *dog, const struct vigil_suspect *suspects, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += suspects[i].run_nsec + suspects[i].delay_nsec;
	return sum * 1000 >= dog->scout.window_nsec * (uint64_t)dog->rule.blame_permille;
}

/*
 * The greediest of all realtime threads there, if together they bear the blame: not one that nobody granted, beside a
 * greedier one that was.
 */
static bool demote_greediest(struct rtb_watchdog *dog, const struct vigil_suspect *suspects, size_t count)
{
	ptrdiff_t offender = vigil_offender(suspects, count, dog->scout.window_nsec);
	const struct finding *found = &dog->scout.findings[offender < 0 ? 0 : offender];

	if (offender < 0 || !to_blame(dog, suspects, count) || roster_watches(&dog->roster, found->tid))
		return false;
	if (!demote_stranger(found))
		return false;
	name(dog, found, true);
	return true;
}

/* Of those who took a tenth of the CPU. Returns how many. */
static int name_greediest(struct rtb_watchdog *dog)
{
	struct finding *findings = dog->scout.findings;
	int named = 0;

	while (named < NAMED_MAX) {
		struct finding *most = NULL;
		for (size_t i = 0; i < dog->scout.count; i++)
			if (findings[i].run_nsec * 10 >= dog->scout.window_nsec &&
			    (most == NULL || findings[i].run_nsec > most->run_nsec))
				most = &findings[i];
		if (most == NULL)
			break;
		if (!roster_watches(&dog->roster, most->tid)) {
			name(dog, most, false);
			named++;
		}
		/* Seen. */
		most->run_nsec = 0;
	}
	return named;
}

/* Who is realtime no more has just been demoted, as one that was granted. */
static void leave_out_the_demoted(struct scout *scout)
{
	for (size_t i = 0; i < scout->count; i++) {
		int policy = sched_getscheduler(scout->findings[i].tid) & ~SCHED_RESET_ON_FORK;
		if (policy == SCHED_OTHER)
			scout->findings[i].run_nsec = scout->findings[i].ready_nsec = 0;
	}
}

static void judge_findings(struct rtb_watchdog *dog, struct cpu *cpu)
{
	struct vigil_suspect suspects[FINDINGS_MAX];
	size_t count = dog->scout.count;

	leave_out_the_demoted(&dog->scout);
	for (size_t i = 0; i < count; i++)
		suspects[i] = suspect(&dog->scout.findings[i]);
	if (dog->rule.demote_unknown && demote_greediest(dog, suspects, count)) {
		spare_cpu(dog, cpu);
		cpu->sought_nsec = 0;
		return;
	}
	if (!cpu->named)
		cpu->named = name_greediest(dog) > 0;
}

void judge_strangers(struct rtb_watchdog *dog)
{
	if (!scout_back(&dog->scout, SCOUT_REALTIME))
		return;

	struct cpu *cpu = &dog->cpus[dog->scout.cpu];
	/* By now it may be over. */
	if (cpu->armed && dog->scout.window_nsec > 0)
		judge_findings(dog, cpu);
	scout_dismiss(&dog->scout);
}
