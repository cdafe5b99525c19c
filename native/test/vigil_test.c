/* SPDX-License-Identifier: MIT */

/* The judgement as stories of times: who holds the CPU, when the canary may sing, and what is said about it when. */
#include "../vigil.h"
#include "check.h"

#include <string.h>

#define MSEC UINT64_C(1000000)
#define TICK (20 * MSEC)
#define STEP (MSEC / 10)
#define PERIOD (10 * MSEC)

static struct vigil_rule rule = {
	.patience_nsec = 300 * MSEC,
	.sluggish_nsec = 20 * MSEC,
	.window_nsec = 2000 * MSEC,
	.grace_nsec = 100 * MSEC,
	.blame_permille = 850,
};

/* The CPU is taken for `busy` and free for `idle`, again and again, in units of 0.1 ms. */
struct load {
	unsigned int busy, idle;
	/* Of the busy time, thousandths that granted threads took and that were stolen. */
	unsigned int granted, stolen;
};

struct world {
	struct vigil vigil;
	struct vigil_observation seen;
	uint64_t now, due;
};

static void begin(struct world *world)
{
	memset(world, 0, sizeof *world);
	world->now = 5000 * MSEC;
	world->due = world->now + PERIOD;
	vigil_restart(&world->vigil, world->now);
}

static void live(struct world *world, const struct load *load, unsigned int phase)
{
	bool busy = phase % (load->busy + load->idle) < load->busy;

	world->now += STEP;
	if (busy) {
		world->seen.granted_nsec += STEP * load->granted / 1000;
		world->seen.stolen_nsec += STEP * load->stolen / 1000;
	} else if (world->now >= world->due) {
		world->seen.cheeps++;
		world->seen.late_usec2 += vigil_lateness(world->now - world->due);
		world->due = world->now + PERIOD;
	}
}

/* Lives under the load for `msec` or until something is said. What is said, and after how many msec. */
static enum vigil_verdict watch(struct world *world, struct load load, unsigned int msec, unsigned int *after)
{
	uint64_t start = world->now;

	for (unsigned int phase = 0; phase < msec * 10; phase++) {
		live(world, &load, phase);
		if ((world->now - start) % TICK != 0)
			continue;
		world->seen.now_nsec = world->now;
		world->seen.overdue_nsec = world->now > world->due ? world->now - world->due : 0;
		enum vigil_verdict verdict = vigil_step(&world->vigil, &rule, &world->seen);
		world->seen = (struct vigil_observation){ 0 };
		if (verdict != VIGIL_CALM) {
			*after = (unsigned int)((world->now - start) / MSEC);
			return verdict;
		}
	}
	*after = msec;
	return VIGIL_CALM;
}

static const struct {
	const char *title;
	struct load load;
	enum vigil_verdict verdict;
	unsigned int from_msec, to_msec;
} stories[] = {
	{ "an endless hog is silenced soon after patience ends", { 10000, 1, 1000, 0 }, VIGIL_SILENCE, 300, 340 },
	{ "a hog that sleeps 0.1 ms every 150 ms is sluggish", { 1500, 1, 1000, 0 }, VIGIL_SLUGGISH, 1900, 2100 },
	{ "so is one that sleeps 1 ms", { 1500, 10, 1000, 0 }, VIGIL_SLUGGISH, 1900, 2100 },
	{ "so is one that sleeps 5 ms", { 1500, 50, 1000, 0 }, VIGIL_SLUGGISH, 1900, 2100 },
	{ "an audio thread at 70 % of 5 ms periods is none of these", { 35, 15, 1000, 0 }, VIGIL_CALM, 60000, 60000 },
	{ "nor at 90 %", { 45, 5, 1000, 0 }, VIGIL_CALM, 60000, 60000 },
	{ "a long render of 250 ms twice a second accuses nobody", { 2500, 2500, 1000, 0 }, VIGIL_SLUGGISH_INNOCENT, 1900, 2300 },
	{ "behind a crowd of others nobody is accused", { 10000, 1, 500, 0 }, VIGIL_SILENT_INNOCENT, 450, 490 },
	{ "84 % of the CPU is not enough to be blamed", { 10000, 1, 840, 0 }, VIGIL_SILENT_INNOCENT, 450, 490 },
	{ "86 % is", { 10000, 1, 860, 0 }, VIGIL_SILENCE, 300, 340 },
	{ "what was stolen is nobody's: 50 % of what is left is all of it", { 10000, 1, 500, 500 }, VIGIL_SILENCE, 300, 340 },
	{ "a CPU stolen altogether accuses nobody", { 10000, 1, 0, 1000 }, VIGIL_SILENT_INNOCENT, 450, 490 },
	{ "an idle CPU is calm", { 0, 10, 0, 0 }, VIGIL_CALM, 60000, 60000 },
	{ "sluggish behind others, nobody is accused", { 1500, 1, 500, 0 }, VIGIL_SLUGGISH_INNOCENT, 1900, 2100 },
};

static void test_stories(void)
{
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
		struct world world;
		unsigned int after;
		begin(&world);
		enum vigil_verdict verdict = watch(&world, stories[i].load, 60000, &after);
		if (verdict != stories[i].verdict || after < stories[i].from_msec || after > stories[i].to_msec) {
			fprintf(stderr, "%s: verdict %d after %u msec\n", stories[i].title, (int)verdict, after);
			abort();
		}
	}
}

static const struct load hog = { 10000, 1, 1000, 0 };
static const struct load audio = { 35, 15, 1000, 0 };
static const struct load crowd = { 200000, 1, 300, 0 };

static void test_the_next_one_pays_only_after_the_grace(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	vigil_spare(&world.vigil, &rule, world.now);
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	CHECK(after >= 100 && after <= 140);
}

static void test_after_a_demotion_that_helped_all_is_calm(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	vigil_spare(&world.vigil, &rule, world.now);
	CHECK(watch(&world, audio, 60000, &after) == VIGIL_CALM);
}

static void test_a_silence_nobody_is_blamed_for_is_judged_again_and_again(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, crowd, 1000, &after) == VIGIL_SILENT_INNOCENT);
	CHECK(watch(&world, crowd, 1000, &after) == VIGIL_SILENT_INNOCENT);
	CHECK(after >= 450 && after <= 470);
}

/* Whoever got the 50 ms of a second that the kernel keeps for ordinary threads, it was not the canary. */
static void test_a_crowd_that_was_helped_hides_no_hog(void)
{
	static const struct load helped = { 10000, 1, 0, 0 };
	struct world world;
	unsigned int after;

	for (unsigned int before = 0; before <= 240; before += 20) {
		begin(&world);
		CHECK(watch(&world, hog, before, &after) == VIGIL_CALM);
		CHECK(watch(&world, helped, 50, &after) == VIGIL_CALM);
		CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
		CHECK(before + 50 + after <= 380);
	}
}

static void test_who_takes_over_in_a_long_silence_does_not_hide_behind_it(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	for (int i = 0; i < 200; i++)
		CHECK(watch(&world, crowd, 1000, &after) == VIGIL_SILENT_INNOCENT);
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	CHECK(after >= 300 && after <= 340);
	CHECK(world.vigil.judged_nsec >= 300 * MSEC && world.vigil.judged_nsec <= 340 * MSEC);
}

/* A virtual machine whose host takes ever more of the CPU, while the hog takes all that is left. */
static void test_in_a_long_silence_with_rising_steal_the_hog_is_still_the_hog(void)
{
	struct world world;
	unsigned int after;

	for (unsigned int stolen = 0; stolen <= 900; stolen += 100) {
		const struct load innocent = { 10000, 1, (1000 - stolen) / 2, stolen };
		const struct load guilty = { 10000, 1, 1000 - stolen, stolen };

		begin(&world);
		CHECK(watch(&world, innocent, 1000, &after) == VIGIL_SILENT_INNOCENT);
		CHECK(watch(&world, guilty, 1000, &after) == VIGIL_SILENCE);
	}
}

static void test_after_the_grace_the_rest_may_be_innocent(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	vigil_spare(&world.vigil, &rule, world.now);
	CHECK(watch(&world, crowd, 1000, &after) == VIGIL_SILENT_INNOCENT);
	CHECK(after >= 450 && after <= 490);
	/* And once somebody takes over from them, that one pays. */
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
}

/* Restarted again and again, as on a machine that stands still time after time, it never says a word. */
static void test_windows_that_are_always_restarted_accuse_nobody(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	for (int i = 0; i < 100; i++) {
		CHECK(watch(&world, hog, 290, &after) == VIGIL_CALM);
		vigil_restart(&world.vigil, world.now);
		world.due = world.now + PERIOD;
	}
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
}

/* In an emulated machine all takes ten times as long, and so does patience. */
static void test_the_rule_scales(void)
{
	const struct load endless = { 600000, 1, 1000, 0 };
	const struct vigil_rule defaults = rule;
	struct world world;
	unsigned int after;

	for (uint64_t factor = 1; factor <= 10; factor++) {
		rule.patience_nsec = factor * defaults.patience_nsec;
		rule.sluggish_nsec = factor * defaults.sluggish_nsec;
		rule.window_nsec = factor * defaults.window_nsec;
		begin(&world);
		CHECK(watch(&world, endless, 60000, &after) == VIGIL_SILENCE);
		CHECK(after >= 300 * factor && after <= 300 * factor + 40);
		begin(&world);
		const struct load slow = { 1500 * (unsigned int)factor, 10 * (unsigned int)factor, 1000, 0 };
		CHECK(watch(&world, slow, 60000, &after) == VIGIL_SLUGGISH);
		CHECK(after >= 1900 * factor && after <= 2100 * factor);
	}
	rule = defaults;
}

/* No number that a broken clock or counter can bring about may overflow into an accusation, or be undefined. */
static void test_absurd_numbers(void)
{
	struct vigil vigil;

	vigil_restart(&vigil, 0);
	for (int i = 0; i < 100; i++) {
		const struct vigil_observation seen = {
			.now_nsec = (uint64_t)(i + 1) * UINT64_C(3600000000000),
			.granted_nsec = UINT64_C(3600000000000),
			.stolen_nsec = i % 3 == 0 ? UINT64_MAX / 1000 : 0,
			.cheeps = i % 2,
			.late_usec2 = vigil_lateness(UINT64_MAX) * (uint64_t)(i % 2),
			.overdue_nsec = UINT64_MAX,
		};
		vigil_step(&vigil, &rule, &seen);
	}
	CHECK(vigil_lateness(0) == 0 && vigil_lateness(2000) == 4);
	CHECK(vigil_lateness(UINT64_MAX) == vigil_lateness(10000 * MSEC));
}

static void test_a_hog_beside_long_standing_audio_is_found_within_the_window(void)
{
	const struct load beside = { 1500, 1, 1000, 0 };
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, audio, 10000, &after) == VIGIL_CALM);
	CHECK(watch(&world, beside, 10000, &after) == VIGIL_SLUGGISH);
	CHECK(after <= 2250);
}

static void test_what_was_before_a_restart_does_not_count(void)
{
	struct world world;
	unsigned int after;

	begin(&world);
	CHECK(watch(&world, hog, 280, &after) == VIGIL_CALM);
	vigil_restart(&world.vigil, world.now);
	world.due = world.now + PERIOD;
	CHECK(watch(&world, hog, 1000, &after) == VIGIL_SILENCE);
	CHECK(after >= 300);
}

static void test_of_a_silence_the_last_half_counts(void)
{
	static const struct {
		unsigned int judged_msec;
		size_t count, half;
	} silences[] = {
		{ 300, 4, 1 }, { 320, 4, 2 }, { 380, 4, 2 }, { 450, 4, 3 }, { 1000, 4, 3 }, { 300, 2, 1 }, { 400, 1, 0 }, { 290, 4, 1 }, { 220, 4, 0 },
	};
	const uint64_t moments[] = { 0, 150 * MSEC, 190 * MSEC, 225 * MSEC };

	for (size_t i = 0; i < sizeof silences / sizeof *silences; i++) {
		uint64_t judged = silences[i].judged_msec * MSEC;
		const struct vigil vigil = { .last_nsec = judged, .judged_nsec = judged };
		CHECK(vigil_last_half(&vigil, &rule, moments, silences[i].count) == silences[i].half);
	}
}

#define RUN(msec) ((msec) * MSEC)

static const struct {
	const char *title;
	struct vigil_suspect suspects[3];
	ptrdiff_t offender;
} line_ups[] = {
	{ "the hog below a 70 % audio thread ran less and wants more", { { RUN(210), 0 }, { RUN(90), RUN(210) } }, 1 },
	{ "the hog above it", { { RUN(20), RUN(190) }, { RUN(280), 0 } }, 1 },
	{ "of equal demands the one that ran more", { { RUN(140), RUN(160) }, { RUN(160), RUN(140) } }, 1 },
	{ "within 5 % the one that ran more", { { RUN(100), RUN(200) }, { RUN(290), 0 } }, 1 },
	{ "beyond 5 % the one that wants more", { { RUN(100), RUN(200) }, { RUN(280), 0 } }, 0 },
	{ "who hardly ran is no suspect, however long it waited", { { RUN(29), RUN(271) }, { RUN(200), 0 } }, 1 },
	{ "a tenth is enough", { { RUN(30), RUN(270) }, { RUN(200), 0 } }, 0 },
	{ "of a crowd where nobody ran a tenth, the greediest", { { RUN(20), RUN(200) }, { RUN(21), RUN(279) }, { RUN(22), RUN(200) } }, 1 },
	{ "who waited before the window began wants no more than all of it", { { RUN(35), RUN(400) }, { RUN(250), RUN(45) } }, 1 },
	{ "nobody ran", { { 0, RUN(300) }, { 0, 0 } }, -1 },
};

static void test_offenders(void)
{
	for (size_t i = 0; i < sizeof line_ups / sizeof *line_ups; i++) {
		ptrdiff_t offender = vigil_offender(line_ups[i].suspects, 3, RUN(300));
		if (offender != line_ups[i].offender) {
			fprintf(stderr, "%s: %td\n", line_ups[i].title, offender);
			abort();
		}
	}
	CHECK(vigil_offender(NULL, 0, RUN(300)) == -1);
}

int main(void)
{
	test_stories();
	test_the_next_one_pays_only_after_the_grace();
	test_after_a_demotion_that_helped_all_is_calm();
	test_a_silence_nobody_is_blamed_for_is_judged_again_and_again();
	test_a_crowd_that_was_helped_hides_no_hog();
	test_who_takes_over_in_a_long_silence_does_not_hide_behind_it();
	test_in_a_long_silence_with_rising_steal_the_hog_is_still_the_hog();
	test_after_the_grace_the_rest_may_be_innocent();
	test_windows_that_are_always_restarted_accuse_nobody();
	test_the_rule_scales();
	test_absurd_numbers();
	test_a_hog_beside_long_standing_audio_is_found_within_the_window();
	test_what_was_before_a_restart_does_not_count();
	test_of_a_silence_the_last_half_counts();
	test_offenders();
	return 0;
}
