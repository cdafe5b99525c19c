/* SPDX-License-Identifier: MIT */

/* One CPU: when its canary is armed, what is judged of it, and who pays. */
#define _GNU_SOURCE
#include "now.h"
#include "watchdog.h"

/* A canary is armed where granted threads take so many thousandths of the CPU, and disarmed when they took less for a while. */
#define ARM_PERMILLE 250
#define CALM_NSEC NSEC_PER_SEC
/* The watchdog itself must get to the CPU within this time, or that CPU was frozen, stolen or taken away. */
#define VISIT_NSEC (100 * NSEC_PER_MSEC)

static void tally(struct tally *tally, uint64_t serial, const struct guest *guest)
{
	if (tally->serial != serial)
		*tally = (struct tally){ .serial = serial };
	tally->run_nsec += guest->ran_nsec;
	tally->delay_nsec += guest->waited_nsec;
}

void count_on_cpu(struct rtb_watchdog *dog, struct guest *guest)
{
	struct cpu *cpu = &dog->cpus[guest->cpu];

	cpu->burned_nsec += guest->ran_nsec;
	tally(&guest->silent, cpu->silent_serial, guest);
	if (guest->parts[0].serial != cpu->part_serials[0])
		for (int i = RECENT_PARTS - 1; i > 0; i--)
			guest->parts[i] = guest->parts[i - 1];
	tally(&guest->parts[0], cpu->part_serials[0], guest);
}

static void new_part(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	for (int i = RECENT_PARTS - 1; i > 0; i--) {
		cpu->part_serials[i] = cpu->part_serials[i - 1];
		cpu->parts_since_nsec[i] = cpu->parts_since_nsec[i - 1];
	}
	cpu->part_serials[0] = new_serial(dog);
	cpu->parts_since_nsec[0] = now;
	cpu->parts_filled = cpu->vigil.filled;
}

static void set_out(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	cpu->silent_serial = new_serial(dog);
	for (int i = 0; i < RECENT_PARTS; i++)
		new_part(dog, cpu, now);
	cpu->cheeps = atomic_load(&cpu->canary.cheeps);
	cpu->late_usec2 = atomic_load(&cpu->canary.late_usec2);
	cpu->stolen_nsec = dog->times[cpu->canary.cpu].stolen_nsec;
}

void start_cpu_anew(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	vigil_restart(&cpu->vigil, now);
	set_out(dog, cpu, now);
	canary_arm(&cpu->canary, now);
	cpu->quiet_since_nsec = now;
	cpu->armed = true;
}

static void recover(struct rtb_watchdog *dog, struct cpu *cpu)
{
	if (!cpu->starved)
		return;
	cpu->starved = false;
	tell(dog, (struct rtb_watchdog_event){ .kind = RTB_RECOVERED, .cpu = cpu->canary.cpu });
}

static bool disarm(struct rtb_watchdog *dog, struct cpu *cpu)
{
	canary_disarm(&cpu->canary);
	cpu->armed = false;
	recover(dog, cpu);
	return false;
}

bool burns(const struct cpu *cpu, uint64_t elapsed)
{
	return cpu->burned_nsec * 1000 >= elapsed * ARM_PERMILLE && cpu->burned_nsec > 0;
}

static bool visit(struct rtb_watchdog *dog, int cpu)
{
	uint64_t set_out_nsec = now_nsec();
	cpu_set_t there;

	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	if (sched_setaffinity(0, sizeof there, &there) < 0)
		return false;
	bool reached = sched_getcpu() == cpu && now_nsec() - set_out_nsec < VISIT_NSEC;
	sched_setaffinity(0, sizeof dog->home, &dog->home);
	return reached;
}

/* How much the guest took and wanted in the window that the verdict is about. */
static struct vigil_suspect suspect(const struct guest *guest, const struct cpu *cpu, enum vigil_verdict verdict)
{
	struct vigil_suspect sum = { 0 };

	if (verdict == VIGIL_SILENCE) {
		if (guest->silent.serial == cpu->silent_serial)
			sum = (struct vigil_suspect){ guest->silent.run_nsec, guest->silent.delay_nsec };
		return sum;
	}
	for (int i = 0; i < RECENT_PARTS; i++)
		for (int j = 0; j < RECENT_PARTS; j++)
			if (guest->parts[i].serial == cpu->part_serials[j]) {
				sum.run_nsec += guest->parts[i].run_nsec;
				sum.delay_nsec += guest->parts[i].delay_nsec;
			}
	return sum;
}

/* Demotes the offender, whom `event` is to tell of. False when nobody can be. */
static bool demote_offender(struct rtb_watchdog *dog, struct cpu *cpu, enum vigil_verdict verdict,
			    struct rtb_watchdog_event event)
{
	size_t high = atomic_load(&dog->roster.high);
	size_t found = 0;

	for (size_t i = 0; i < high; i++) {
		const struct guest *guest = roster_guest(&dog->roster, i);
		if (guest == NULL || guest->demoted || guest->kind != GRANT_REALTIME || guest->cpu != cpu->canary.cpu)
			continue;
		dog->suspects[found] = suspect(guest, cpu, verdict);
		dog->suspect_slots[found++] = i;
	}

	ptrdiff_t offender = vigil_offender(dog->suspects, found, event.window_nsec);
	if (offender < 0)
		return false;
	event.ran_nsec = dog->suspects[offender].run_nsec;
	demote(dog, dog->suspect_slots[offender], event);
	return true;
}

static void pass_verdict(struct rtb_watchdog *dog, struct cpu *cpu, enum vigil_verdict verdict, uint64_t overdue_nsec)
{
	bool sluggish = verdict == VIGIL_SLUGGISH;
	struct rtb_watchdog_event event = {
		.cpu = cpu->canary.cpu,
		.reason = sluggish ? RTB_SLUGGISH : verdict == VIGIL_SILENCE ? RTB_SILENCE : RTB_INNOCENT,
		.late_nsec = sluggish ? cpu->vigil.mean_late_nsec : overdue_nsec,
		.window_nsec = sluggish ? now_nsec() - cpu->parts_since_nsec[RECENT_PARTS - 1] : vigil_silence(&cpu->vigil),
	};

	if (!visit(dog, cpu->canary.cpu)) {
		start_cpu_anew(dog, cpu, now_nsec());
		return;
	}
	/* It may have sung at last while we were on our way. */
	if (!sluggish && atomic_load(&cpu->canary.cheeps) != cpu->cheeps)
		return;

	bool demoted = verdict != VIGIL_INNOCENT && demote_offender(dog, cpu, verdict, event);
	cpu->starved = true;
	event.kind = RTB_STARVED;
	tell(dog, event);
	if (!demoted && verdict == VIGIL_INNOCENT)
		return;
	vigil_spare(&cpu->vigil, &dog->vigil_rule, now_nsec());
	set_out(dog, cpu, now_nsec());
}

static void watch(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	uint64_t cheeps = atomic_load(&cpu->canary.cheeps);
	uint64_t late = atomic_load(&cpu->canary.late_usec2);
	uint64_t stolen = dog->times[cpu->canary.cpu].stolen_nsec;
	struct vigil_observation seen = {
		.now_nsec = now,
		.granted_nsec = cpu->burned_nsec,
		.stolen_nsec = stolen - cpu->stolen_nsec,
		.cheeps = (uint32_t)(cheeps - cpu->cheeps),
		.late_usec2 = late - cpu->late_usec2,
		.overdue_nsec = canary_overdue(&cpu->canary, now),
	};

	cpu->cheeps = cheeps;
	cpu->late_usec2 = late;
	cpu->stolen_nsec = stolen;
	if (seen.cheeps > 0) {
		cpu->silent_serial = new_serial(dog);
		if (seen.late_usec2 <= vigil_lateness(dog->vigil_rule.sluggish_nsec))
			recover(dog, cpu);
	}

	enum vigil_verdict verdict = vigil_step(&cpu->vigil, &dog->vigil_rule, &seen);
	if (verdict != VIGIL_CALM)
		pass_verdict(dog, cpu, verdict, seen.overdue_nsec);
	if (cpu->vigil.filled != cpu->parts_filled)
		new_part(dog, cpu, now);
}

bool judge_cpu(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now, uint64_t elapsed)
{
	bool burning = burns(cpu, elapsed);

	if (!cpu->armed) {
		if (burning && cpu->canary.started)
			start_cpu_anew(dog, cpu, now);
		return cpu->armed;
	}
	if (atomic_load(&cpu->canary.unreachable)) {
		if (!cpu->unreachable)
			tell(dog, (struct rtb_watchdog_event){ .kind = RTB_UNREACHABLE, .cpu = cpu->canary.cpu });
		cpu->unreachable = true;
		return disarm(dog, cpu);
	}

	cpu->unreachable = false;
	if (burning)
		cpu->quiet_since_nsec = now;
	if (now - cpu->quiet_since_nsec > CALM_NSEC)
		return disarm(dog, cpu);
	watch(dog, cpu, now);
	return true;
}
