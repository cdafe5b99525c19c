/* SPDX-License-Identifier: MIT */

/* One CPU: when its canary is armed, what is judged of it, and who pays. */
#define _GNU_SOURCE
#include "now.h"
#include "watchdog.h"

/* A canary is armed where granted threads take so many thousandths of the CPU, and disarmed when they took less for a while. */
#define ARM_PERMILLE 250
#define CALM_NSEC NSEC_PER_SEC
/* Where no canary could be put, it is tried again after so long. */
#define TRY_NSEC NSEC_PER_SEC
/* Somebody of the watchdog's priority must get to run there within this time, or that CPU was frozen, stolen or taken away. */
#define VISIT_NSEC (100 * NSEC_PER_MSEC)
/* Who took a tenth is a suspect, and of a crowd where nobody did any: the first so many of them. */
#define SUSPECTS_MAX 64

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
	for (size_t i = 0; i < cpu->marks; i++)
		tally(&guest->silent[i], cpu->mark_serials[i], guest);
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

static void mark(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	cpu->mark_serials[cpu->marks] = new_serial(dog);
	cpu->marks_nsec[cpu->marks++] = now;
}

static void begin_silence(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	cpu->marks = 0;
	mark(dog, cpu, now);
}

/* Its middle is somewhere between half of patience and three quarters, for it is judged until patience is over by a half. */
static void mark_middle(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	uint64_t half = dog->vigil_rule.patience_nsec / 2;

	if (cpu->marks < SILENT_MARKS &&
	    cpu->vigil.silent.elapsed_nsec >= half + half / 2 * (cpu->marks - 1) / (SILENT_MARKS - 2))
		mark(dog, cpu, now);
}

static void set_out(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	begin_silence(dog, cpu, now);
	for (int i = 0; i < RECENT_PARTS; i++)
		new_part(dog, cpu, now);
	cpu->cheeps = atomic_load(&cpu->canary.cheeps);
	cpu->late_usec2 = atomic_load(&cpu->canary.late_usec2);
	cpu->stolen_nsec = dog->times[cpu->canary.cpu].stolen_nsec;
}

void start_cpu_anew(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	vigil_restart(&cpu->vigil, now);
	canary_arm(&cpu->canary, now);
	set_out(dog, cpu, now);
	cpu->quiet_since_nsec = now;
	cpu->armed = true;
}

/* After a demotion there: the others get their grace. */
void spare_cpu(struct rtb_watchdog *dog, struct cpu *cpu)
{
	uint64_t now = now_nsec();

	vigil_spare(&cpu->vigil, &dog->vigil_rule, now);
	set_out(dog, cpu, now);
}

static void tell_of(struct rtb_watchdog *dog, const struct cpu *cpu, enum rtb_watchdog_event_kind kind)
{
	events_tell(&dog->events, (struct rtb_watchdog_event){ .kind = (int32_t)kind, .cpu = cpu->canary.cpu });
}

static void recover(struct rtb_watchdog *dog, struct cpu *cpu)
{
	if (cpu->starved)
		tell_of(dog, cpu, RTB_RECOVERED);
	cpu->starved = cpu->named = false;
}

void disarm_cpu(struct rtb_watchdog *dog, struct cpu *cpu)
{
	canary_disarm(&cpu->canary);
	cpu->armed = false;
	recover(dog, cpu);
}

bool burns(const struct cpu *cpu, uint64_t elapsed)
{
	return cpu->burned_nsec * 1000 >= elapsed * ARM_PERMILLE && cpu->burned_nsec > 0;
}

enum visit {
	REACHED,
	/* The CPU runs, but threads of the watchdog's own priority or above. */
	HELD,
	/* Nobody ran there, as far as the kernel counts. */
	LOST,
};

static uint64_t work(const struct cpu_times *times)
{
	return times->busy_nsec - times->stolen_nsec;
}

static enum visit visit(struct rtb_watchdog *dog, struct cpu *cpu)
{
	uint64_t third = dog->vigil_rule.patience_nsec / 3;
	uint64_t within = third > VISIT_NSEC ? third : VISIT_NSEC;
	const struct cpu_times *times = &dog->times[cpu->canary.cpu];
	uint64_t start = now_nsec(), worked;

	look_at_cpus(dog);
	worked = work(times);
	bool reached = canary_visit(&cpu->canary, dog->rule.priority, within);
	uint64_t took = now_nsec() - start;
	intended(dog, took < within ? took : within);
	if (reached)
		return REACHED;
	look_at_cpus(dog);
	return work(times) >= worked + within / 2 ? HELD : LOST;
}

static size_t last_half(const struct rtb_watchdog *dog, const struct cpu *cpu)
{
	return vigil_last_half(&cpu->vigil, &dog->vigil_rule, cpu->marks_nsec, cpu->marks);
}

/* How much the guest took and wanted in the window that the verdict is about. */
static struct vigil_suspect suspect(const struct rtb_watchdog *dog, const struct guest *guest, const struct cpu *cpu,
				    enum vigil_verdict verdict)
{
	struct vigil_suspect sum = { 0 };

	if (verdict == VIGIL_SILENCE) {
		size_t half = last_half(dog, cpu);
		if (guest->silent[half].serial == cpu->mark_serials[half])
			sum = (struct vigil_suspect){ guest->silent[half].run_nsec, guest->silent[half].delay_nsec };
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

/* Those who ran for at least so long; of more than there is room for, the first. */
static size_t line_up(struct rtb_watchdog *dog, const struct cpu *cpu, enum vigil_verdict verdict, uint64_t least_nsec,
		      struct vigil_suspect suspects[SUSPECTS_MAX], size_t slots[SUSPECTS_MAX])
{
	size_t high = atomic_load(&dog->roster.high);
	size_t found = 0;

	for (size_t i = 0; i < high && found < SUSPECTS_MAX; i++) {
		const struct guest *guest = roster_guest(&dog->roster, i);
		if (guest == NULL || guest->demoted || guest->kind != GRANT_REALTIME || guest->cpu != cpu->canary.cpu)
			continue;
		suspects[found] = suspect(dog, guest, cpu, verdict);
		slots[found] = i;
		found += suspects[found].run_nsec >= least_nsec;
	}
	return found;
}

/* Demotes the offender, whom `event` is to tell of. False when nobody is left who ran. */
static bool demote_offender(struct rtb_watchdog *dog, const struct cpu *cpu, enum vigil_verdict verdict,
			    struct rtb_watchdog_event event)
{
	struct vigil_suspect suspects[SUSPECTS_MAX];
	size_t slots[SUSPECTS_MAX];
	size_t found = line_up(dog, cpu, verdict, event.window_nsec / 10, suspects, slots);

	if (found == 0)
		found = line_up(dog, cpu, verdict, 1, suspects, slots);

	ptrdiff_t offender = vigil_offender(suspects, found, event.window_nsec);
	if (offender < 0)
		return false;
	event.ran_nsec = suspects[offender].run_nsec;
	demote(dog, slots[offender], event);
	return true;
}

void tell_starved(struct rtb_watchdog *dog, struct cpu *cpu, struct rtb_watchdog_event event)
{
	event.kind = RTB_STARVED;
	cpu->starved = true;
	cpu->late_nsec = now_nsec();
	events_tell(&dog->events, event);
}

static void pass_verdict(struct rtb_watchdog *dog, struct cpu *cpu, enum vigil_verdict verdict, uint64_t overdue_nsec)
{
	bool sluggish = verdict == VIGIL_SLUGGISH || verdict == VIGIL_SLUGGISH_INNOCENT;
	uint64_t since_nsec = sluggish ? cpu->parts_since_nsec[RECENT_PARTS - 1] : cpu->marks_nsec[last_half(dog, cpu)];
	struct rtb_watchdog_event event = {
		.cpu = cpu->canary.cpu,
		.reason = sluggish ? RTB_SLUGGISH : RTB_SILENCE,
		.late_nsec = sluggish ? cpu->vigil.mean_late_nsec : overdue_nsec,
		.window_nsec = now_nsec() - since_nsec,
	};
	enum visit found = visit(dog, cpu);

	if (found == LOST) {
		start_cpu_anew(dog, cpu, now_nsec());
		return;
	}
	/* It may have sung at last while we were on our way. */
	if (!sluggish && atomic_load(&cpu->canary.cheeps) != cpu->cheeps)
		return;

	if (found == REACHED && (verdict == VIGIL_SILENCE || verdict == VIGIL_SLUGGISH)) {
		tell_starved(dog, cpu, event);
		demote_offender(dog, cpu, verdict, event);
		spare_cpu(dog, cpu);
		return;
	}
	event.reason = RTB_INNOCENT;
	/* Ordinary threads alone can make it sluggish: that is no news. */
	if (!sluggish && !cpu->starved)
		tell_starved(dog, cpu, event);
	seek_strangers(dog, cpu);
}

static struct vigil_observation observe(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	uint64_t cheeps = atomic_load(&cpu->canary.cheeps);
	uint64_t late = atomic_load(&cpu->canary.late_usec2);
	uint64_t stolen = dog->times[cpu->canary.cpu].stolen_nsec;
	struct vigil_observation seen = {
		.now_nsec = now,
		.granted_nsec = cpu->burned_nsec,
		/* A virtual machine's can go backwards. */
		.stolen_nsec = stolen > cpu->stolen_nsec ? stolen - cpu->stolen_nsec : 0,
		.cheeps = (uint32_t)(cheeps - cpu->cheeps),
		.late_usec2 = late - cpu->late_usec2,
		.overdue_nsec = canary_overdue(&cpu->canary, now),
	};

	cpu->cheeps = cheeps;
	cpu->late_usec2 = late;
	cpu->stolen_nsec = stolen;
	return seen;
}

static void watch(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	struct vigil_observation seen = observe(dog, cpu, now);
	enum vigil_verdict verdict = vigil_step(&cpu->vigil, &dog->vigil_rule, &seen);

	/* The fair server of Linux 6.12 lets it sing in each second: it is well when it was not late for longer than that. */
	if (seen.overdue_nsec > dog->vigil_rule.sluggish_nsec ||
	    seen.late_usec2 > vigil_lateness(dog->vigil_rule.sluggish_nsec))
		cpu->late_nsec = now;
	if (now - cpu->late_nsec > CALM_NSEC)
		recover(dog, cpu);

	if (verdict != VIGIL_CALM)
		pass_verdict(dog, cpu, verdict, seen.overdue_nsec);
	if (seen.cheeps > 0 || verdict == VIGIL_SILENT_INNOCENT)
		begin_silence(dog, cpu, now);
	mark_middle(dog, cpu, now);
	if (cpu->vigil.filled != cpu->parts_filled)
		new_part(dog, cpu, now);
}

/* Tells where no canary can be put, and tries each second again. Where nobody else can run either, none is missed. */
static void mind_reach(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now)
{
	struct canary *canary = &cpu->canary;
	bool lost = atomic_load(&canary->unreachable);

	if (lost && (!cpu->unreachable || now - cpu->tried_nsec >= TRY_NSEC)) {
		if (cpu->armed)
			disarm_cpu(dog, cpu);
		cpu->tried_nsec = now;
		look_at_cpus(dog);
		lost = !canary_reach(canary) && dog->times[canary->cpu].online;
		atomic_store(&canary->unreachable, lost);
	}
	if (lost != cpu->unreachable)
		tell_of(dog, cpu, lost ? RTB_UNREACHABLE : RTB_RECOVERED);
	cpu->unreachable = lost;
}

bool judge_cpu(struct rtb_watchdog *dog, struct cpu *cpu, uint64_t now, uint64_t elapsed)
{
	bool burning = burns(cpu, elapsed);

	if (burning && !atomic_load(&cpu->canary.started)) {
		atomic_store(&dog->canary_missing, true);
		canary_reach(&cpu->canary);
	}
	mind_reach(dog, cpu, now);
	if (!cpu->armed) {
		if (!burning || atomic_load(&cpu->canary.unreachable))
			return false;
		start_cpu_anew(dog, cpu, now);
		return true;
	}

	if (burning)
		cpu->quiet_since_nsec = now;
	if (now - cpu->quiet_since_nsec > CALM_NSEC) {
		disarm_cpu(dog, cpu);
		return false;
	}
	watch(dog, cpu, now);
	return true;
}
