/* SPDX-License-Identifier: MIT */
#include "vigil.h"

/* No sum of squares may overflow. */
#define LATEST_NSEC UINT64_C(10000000000)

uint64_t vigil_lateness(uint64_t late_nsec)
{
	uint64_t late_usec = late_nsec < LATEST_NSEC ? late_nsec / 1000 : LATEST_NSEC / 1000;

	return late_usec * late_usec;
}

static void add(struct vigil_part *part, const struct vigil_observation *seen, uint64_t elapsed_nsec)
{
	part->elapsed_nsec += elapsed_nsec;
	part->granted_nsec += seen->granted_nsec;
	part->stolen_nsec += seen->stolen_nsec;
	part->late_usec2 += seen->late_usec2;
}

static bool blamed(const struct vigil_rule *rule, const struct vigil_part *part)
{
	uint64_t stolen = part->stolen_nsec < part->elapsed_nsec ? part->stolen_nsec : part->elapsed_nsec;
	uint64_t left = part->elapsed_nsec - stolen;

	/* A CPU that was stolen altogether accuses nobody. */
	return left > 0 && part->granted_nsec * 1000 >= left * rule->blame_permille;
}

void vigil_restart(struct vigil *vigil, uint64_t now_nsec)
{
	*vigil = (struct vigil){ .last_nsec = now_nsec };
}

void vigil_spare(struct vigil *vigil, const struct vigil_rule *rule, uint64_t now_nsec)
{
	vigil_restart(vigil, now_nsec);
	vigil->grace_until_nsec = now_nsec + rule->grace_nsec;
}

static enum vigil_verdict judge_silence(struct vigil *vigil, const struct vigil_rule *rule,
					const struct vigil_observation *seen, uint64_t elapsed_nsec)
{
	if (seen->cheeps > 0) {
		/* What was taken before it sang is no part of the new silence, and cannot be told from what came after. */
		vigil->silent = (struct vigil_part){ 0 };
		return VIGIL_CALM;
	}

	add(&vigil->silent, seen, elapsed_nsec);
	if (seen->overdue_nsec < rule->patience_nsec || seen->now_nsec < vigil->grace_until_nsec)
		return VIGIL_CALM;
	vigil->judged_nsec = vigil->silent.elapsed_nsec;
	if (blamed(rule, &vigil->silent))
		return VIGIL_SILENCE;
	/* The fair server of Linux 6.12 may have just given a crowd its 50 ms: in a while they weigh less. */
	if (vigil->silent.elapsed_nsec < rule->patience_nsec + rule->patience_nsec / 2)
		return VIGIL_CALM;
	vigil->silent = (struct vigil_part){ 0 };
	vigil->grace_until_nsec = seen->now_nsec + rule->patience_nsec;
	return VIGIL_SILENT_INNOCENT;
}

static uint64_t mean_late(const struct vigil_part *part)
{
	return part->late_usec2 * 1000 / (part->elapsed_nsec / 1000 + 1);
}

static enum vigil_verdict judge_window(struct vigil *vigil, const struct vigil_rule *rule)
{
	struct vigil_part sum = { 0 };
	unsigned int late_parts = 0;

	for (unsigned int i = 0; i < VIGIL_PARTS; i++) {
		const struct vigil_part *part = &vigil->parts[i];
		sum.elapsed_nsec += part->elapsed_nsec;
		sum.granted_nsec += part->granted_nsec;
		sum.stolen_nsec += part->stolen_nsec;
		sum.late_usec2 += part->late_usec2;
		late_parts += mean_late(part) >= rule->sluggish_nsec;
	}
	vigil->mean_late_nsec = mean_late(&sum);
	if (vigil->mean_late_nsec < rule->sluggish_nsec || late_parts < VIGIL_PARTS / 2)
		return VIGIL_CALM;
	return blamed(rule, &sum) ? VIGIL_SLUGGISH : VIGIL_SLUGGISH_INNOCENT;
}

static enum vigil_verdict judge_sluggishness(struct vigil *vigil, const struct vigil_rule *rule,
					     const struct vigil_observation *seen, uint64_t elapsed_nsec)
{
	struct vigil_part *part = &vigil->parts[vigil->newest];
	enum vigil_verdict verdict = VIGIL_CALM;

	add(part, seen, elapsed_nsec);
	if (part->elapsed_nsec < rule->window_nsec / VIGIL_PARTS)
		return VIGIL_CALM;

	vigil->filled++;
	if (vigil->filled >= VIGIL_PARTS)
		verdict = judge_window(vigil, rule);
	vigil->newest = (vigil->newest + 1) % VIGIL_PARTS;
	vigil->parts[vigil->newest] = (struct vigil_part){ 0 };
	return verdict;
}

enum vigil_verdict vigil_step(struct vigil *vigil, const struct vigil_rule *rule,
			      const struct vigil_observation *seen)
{
	uint64_t elapsed_nsec = seen->now_nsec - vigil->last_nsec;
	enum vigil_verdict silence, sluggishness;

	vigil->last_nsec = seen->now_nsec;
	silence = judge_silence(vigil, rule, seen, elapsed_nsec);
	sluggishness = judge_sluggishness(vigil, rule, seen, elapsed_nsec);
	if (silence == VIGIL_CALM || (silence == VIGIL_SILENT_INNOCENT && sluggishness == VIGIL_SLUGGISH))
		return sluggishness;
	return silence;
}

size_t vigil_last_half(const struct vigil *vigil, const struct vigil_rule *rule, const uint64_t *moments_nsec,
		       size_t count)
{
	size_t i = 0;

	/* After a grace a silence is short, and half of it says too little. */
	if (vigil->judged_nsec < rule->patience_nsec / 4 * 3)
		return 0;
	while (i + 1 < count && vigil->last_nsec - moments_nsec[i] > vigil->judged_nsec / 2)
		i++;
	return i;
}

/* Of what is counted of a wait when it ends, some may have been before the window: nobody wants more than all of it. */
static uint64_t demand(const struct vigil_suspect *suspect, uint64_t window_nsec)
{
	uint64_t wanted_nsec = suspect->run_nsec + suspect->delay_nsec;

	return wanted_nsec < window_nsec ? wanted_nsec : window_nsec;
}

static ptrdiff_t greediest(const struct vigil_suspect *suspects, size_t count, uint64_t least_nsec, uint64_t window_nsec)
{
	uint64_t most = 0, ran = 0;
	ptrdiff_t offender = -1;

	for (size_t i = 0; i < count; i++)
		if (suspects[i].run_nsec >= least_nsec && demand(&suspects[i], window_nsec) > most)
			most = demand(&suspects[i], window_nsec);
	for (size_t i = 0; i < count; i++) {
		if (suspects[i].run_nsec < least_nsec || suspects[i].run_nsec <= ran)
			continue;
		if (demand(&suspects[i], window_nsec) < most - most / 20)
			continue;
		offender = (ptrdiff_t)i;
		ran = suspects[i].run_nsec;
	}
	return offender;
}

ptrdiff_t vigil_offender(const struct vigil_suspect *suspects, size_t count, uint64_t window_nsec)
{
	ptrdiff_t offender = greediest(suspects, count, window_nsec / 10, window_nsec);

	return offender >= 0 ? offender : greediest(suspects, count, 1, window_nsec);
}
