/* SPDX-License-Identifier: MIT */
/* A story told: its threads, the watchdog over them, and what it did. */
#define _GNU_SOURCE
#include "stage.h"
#include "loads.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MSEC = 300, WINDOW_MSEC = 2000, GRACE_USEC = 10000000, LEAP_USEC = 100000, WORD_USEC = 2000000, TELLER_PRIORITY = 98, cpus_max = 64 };

#define NSEC_PER_MSEC 1000000

static struct rtb_watchdog *watchdog;
static int events;
static int scale;
static int hogs, demoted, told[RTB_HEIR_DEMOTED + 1];
/* When a CPU's last offender was demoted: the next one's time counts from there. */
static uint64_t judged_usec[cpus_max];

static void fail(const char *what, int64_t result)
{
	printf("{\"error\":\"%s: %s\"}\n", what, strerror((int)-result));
	_exit(1);
}

static void add_part(const struct part *part, int cpu)
{
	/* Hogs keep their shape under the scaled rule; sound has its periods whatever the rule. */
	uint64_t times = part->kind == PLAYER ? 1 : (uint64_t)scale;

	for (int i = 0; i < part->count; i++)
		add_load((struct load){
			.hog = part->kind != PLAYER,
			.priority = part->priority,
			.granted = part->priority > 0 && part->kind != STRANGER,
			.cpu = cpu,
			.busy_usec = part->busy_usec * times,
			.idle_usec = part->idle_usec * times,
			.after_usec = part->after_usec * times,
		});
	hogs += part->kind != PLAYER && part->priority > 0 ? part->count : 0;
}

static void add_parts(const struct story *story)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	for (int i = 0; i < parts_max; i++) {
		const struct part *part = &story->parts[i];
		int first = part->cpu == EACH ? 0 : part->cpu == LAST ? cpus - 1 : part->cpu;
		int last = part->cpu == EACH ? cpus - 1 : first;
		for (int cpu = first; cpu <= last; cpu++)
			add_part(part, cpu);
	}
}

static void open_watchdog(bool demote_unknown)
{
	struct rtb_watchdog_rule rule = {
		.priority = 99,
		.capacity = loads_max,
		.patience_msec = PATIENCE_MSEC * scale,
		.sluggish_msec = 20 * scale,
		.sluggish_window_msec = WINDOW_MSEC * scale,
		.grace_msec = 100 * scale,
		.blame_permille = 850,
		.nice_window_msec = 2000 * scale,
		.demote_unknown = demote_unknown,
	};

	events = rtb_watchdog_open(&watchdog, &rule);
	if (events < 0)
		fail("rtb_watchdog_open", events);
}

static void promote_all(int pid)
{
	for (int i = 0; i < load_count; i++) {
		struct load *load = &loads[i];
		if (load->granted)
			load->cookie = rtb_watchdog_enter(watchdog, pid, load->tid, getuid(), 0);
		if (load->cookie < 0)
			fail("rtb_watchdog_enter", load->cookie);
		int r = load->priority > 0 ? rtb_sched_set(load->tid, SCHED_RR, load->priority, 0, 1) : 0;
		if (r < 0)
			fail("rtb_sched_set", r);
	}
}

/* NULL for a stranger that is none of ours. */
static struct load *load_of(const struct rtb_watchdog_event *event)
{
	for (int i = 0; i < load_count; i++)
		if (loads[i].granted ? loads[i].cookie == event->cookie && event->kind == RTB_DEMOTED
				     : loads[i].tid == event->stranger.tid && event->kind == RTB_STRANGER_DEMOTED)
			return &loads[i];
	return NULL;
}

static double ratio(const struct load *load)
{
	const struct rtb_watchdog_event *event = &load->event;
	int msec = event->reason == RTB_SLUGGISH ? WINDOW_MSEC : PATIENCE_MSEC;
	uint64_t *judged = &judged_usec[event->cpu];
	uint64_t since = load->start_usec > *judged ? load->start_usec : *judged;

	*judged = (uint64_t)event->boottime_usec;
	return (double)(*judged - since) / 1000 / (msec * scale);
}

static void note_demotion(const struct rtb_watchdog_event *event)
{
	struct load *load = load_of(event);
	int32_t found[4];

	/* What it says, and what the kernel says. */
	if (load == NULL || rtb_sched_get(load->tid, found) < 0 || found[0] != SCHED_OTHER || event->cpu < 0 || event->cpu >= cpus_max)
		abort();
	load->demoted = true;
	load->event = *event;
	load->ratio = ratio(load);
	demoted += load->hog;
}

static void hear(uint64_t msec)
{
	struct pollfd said = { .fd = events, .events = POLLIN };
	struct rtb_watchdog_event event;

	if (poll(&said, 1, (int)msec) <= 0)
		return;
	while (read(events, &event, sizeof event) == (ssize_t)sizeof event) {
		told[event.kind]++;
		if (event.kind == RTB_DEMOTED || event.kind == RTB_STRANGER_DEMOTED)
			note_demotion(&event);
	}
}

bool heard(int kind)
{
	hear(0);
	return told[kind] > 0;
}

static void hear_until(uint64_t deadline_usec)
{
	for (uint64_t now; (now = now_usec()) < deadline_usec && (hogs == 0 || demoted < hogs);)
		hear((deadline_usec - now) / 1000 + 1);
}

static bool all_told_of(void)
{
	int32_t found[4];

	for (int i = 0; i < load_count; i++)
		if (loads[i].priority > 0 && !loads[i].demoted &&
		    (rtb_sched_get(loads[i].tid, found) < 0 || found[0] != SCHED_RR))
			return false;
	return true;
}

/* Who was not demoted by the watchdog's word must not have been at all; but its word may come a little later. */
static bool others_keep_theirs(void)
{
	uint64_t patient_usec = now_usec() + WORD_USEC;

	while (!all_told_of()) {
		if (now_usec() > patient_usec)
			return false;
		hear(WORD_USEC / 1000);
	}
	return true;
}

static void print_demotions(bool of_hogs)
{
	const char *comma = "";

	for (int i = 0; i < load_count; i++) {
		const struct load *load = &loads[i];
		if (!load->demoted || load->hog != of_hogs)
			continue;
		printf("%s{\"afterMsec\":%lld,\"ratio\":%.3f,\"reason\":\"%s\",\"lateMsec\":%lld,\"ranMsec\":%lld,"
		       "\"windowMsec\":%lld}",
		       comma, (long long)(load->event.boottime_usec - (int64_t)load->start_usec) / 1000, load->ratio,
		       load->event.reason == RTB_SILENCE ? "silence" : "sluggishness",
		       (long long)(load->event.late_nsec / NSEC_PER_MSEC),
		       (long long)(load->event.ran_nsec / NSEC_PER_MSEC),
		       (long long)(load->event.window_nsec / NSEC_PER_MSEC));
		comma = ",";
	}
}

/* The watchdog, or a CPU of the guest, stood still, and not by the story's doing: then the times mean nothing. */
static bool was_late(const struct story *story)
{
	bool late = told[RTB_STOOD_STILL] > 0;

	for (int i = 0; i < load_count; i++)
		late |= loads[i].leap_usec > (uint64_t)LEAP_USEC * (uint64_t)scale;
	return late && !story->stands_still;
}

static void print(const struct story *story, bool disturbed, bool kept)
{
	printf("{\"story\":\"%s\",\"hogs\":%d,\"demoted\":[", story->name, hogs);
	print_demotions(true);
	printf("],\"innocents\":[");
	print_demotions(false);
	printf("],\"late\":%s,\"disturbed\":%s,\"kept\":%s}\n", was_late(story) ? "true" : "false",
	       disturbed ? "true" : "false", kept ? "true" : "false");
}

bool tell_story(const struct story *story, int times)
{
	bool disturbed = story->disturb == NULL;
	uint64_t end_usec;

	scale = times;
	add_parts(story);
	int pid = create_loads();
	open_watchdog(story->demote_unknown);
	promote_all(pid);
	/* Who tells of it must not wait behind the crowd until all is over. */
	rtb_sched_set(gettid(), SCHED_RR, TELLER_PRIORITY, 0, 1);

	end_usec = now_usec() + (uint64_t)story->msec * 1000 * (hogs > 0 ? (uint64_t)scale : 1);
	start_loads(end_usec + GRACE_USEC);
	if (!disturbed)
		disturbed = story->disturb();
	hear_until(end_usec);
	bool kept = others_keep_theirs();
	/*
	 * A realtime parent that reaps spins in the kernel until the child's entries in /proc are gone; if a thread that is
	 * ordinary by now has them in its hands, and only this CPU to let them go, it spins for ever.
	 */
	rtb_sched_set(gettid(), SCHED_OTHER, 0, 0, 0);
	end_loads();
	print(story, disturbed, kept);
	rtb_watchdog_close(watchdog);
	return !was_late(story);
}
