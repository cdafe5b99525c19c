/* SPDX-License-Identifier: MIT */

/* The watchdog's thread, and its rounds: a look at everybody, then judgement. */
#define _GNU_SOURCE
#include "now.h"
#include "resident.h"
#include "thread.h"
#include "watchdog.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* While nothing burns, the roster is looked at so often, however many CPUs there are: with what else wakes, less than ten times a second. */
#define QUIET_NSEC (115 * NSEC_PER_MSEC)
/* While something does. */
#define ALERT_NSEC (20 * NSEC_PER_MSEC)
/* A watchdog that is late by more was stopped with the whole machine: nobody is to blame. (The fair server of Linux 6.12 takes 50 ms.) */
#define STANDSTILL_NSEC (100 * NSEC_PER_MSEC)
/* In suspend CLOCK_BOOTTIME runs on and CLOCK_MONOTONIC does not. */
#define SLEPT_NSEC (10 * NSEC_PER_MSEC)
/* Thousands of guests are looked at in steps of this length, with a breath in between, for audio threads are waiting. */
#define STEP_NSEC NSEC_PER_MSEC
#define BREATH_NSEC NSEC_PER_MSEC
/* /proc/stat, which a machine of many CPUs and interrupts is slow to write, may take such a part of the time. */
#define STAT_PART 50

uint64_t new_serial(struct rtb_watchdog *dog)
{
	return ++dog->serial;
}

void intended(struct rtb_watchdog *dog, uint64_t nsec)
{
	dog->pace.intended_nsec += nsec;
}

/* How long it was held up since it was asked last: stopped, or not run though it could. */
static uint64_t held_up(struct rtb_watchdog *dog, uint64_t now)
{
	struct pace last = dog->pace;
	uint64_t cpu = clock_nsec(CLOCK_THREAD_CPUTIME_ID);
	uint64_t accounted = last.intended_nsec + cpu - last.cpu_nsec;
	uint64_t passed = now - last.asked_nsec;

	dog->pace = (struct pace){ .asked_nsec = now, .cpu_nsec = cpu };
	return passed > accounted ? passed - accounted : 0;
}

/* How much further CLOCK_BOOTTIME is. Both are read at the same time, or it is tried again: we may be held up in between. */
static uint64_t time_asleep(void)
{
	uint64_t before, boot, after;
	int tries = 0;

	do {
		before = now_nsec();
		boot = clock_nsec(CLOCK_BOOTTIME);
		after = now_nsec();
	} while (after - before > NSEC_PER_MSEC && ++tries < 8);
	return boot - before;
}

static bool stood_still(struct rtb_watchdog *dog, uint64_t now)
{
	/* Where patience is longer, so is what the machine is known to do. */
	uint64_t third = dog->vigil_rule.patience_nsec / 3;
	uint64_t late = held_up(dog, now), asleep = time_asleep();
	bool still = late > (third > STANDSTILL_NSEC ? third : STANDSTILL_NSEC);
	bool slept = asleep > dog->asleep_nsec + SLEPT_NSEC;

	if (slept)
		late += asleep - dog->asleep_nsec;
	dog->asleep_nsec = asleep;
	if (still || slept)
		events_tell(&dog->events, (struct rtb_watchdog_event){ .kind = RTB_STOOD_STILL, .late_nsec = late });
	return atomic_exchange(&dog->restart, false) || still || slept;
}

static bool still_there(const struct guest *guest)
{
	struct thread_look look;

	return guest->pidfd >= 0 ? rtb_pidfd_gone(guest->pidfd) == 0 : look_thread(guest->stat_fd, &look) == 0;
}

bool demote(struct rtb_watchdog *dog, size_t index, struct rtb_watchdog_event event)
{
	struct guest *guest = roster_guest(&dog->roster, index);

	if (guest == NULL)
		return false;
	/* Whatever comes of it, it is no suspect any more. */
	guest->demoted = true;
	if (!still_there(guest) || rtb_sched_set(guest->tid, SCHED_OTHER, 0, 0, 0) < 0)
		return false;

	event.kind = RTB_DEMOTED;
	event.cookie = roster_cookie(&dog->roster, index);
	events_tell(&dog->events, event);
	return true;
}

/*
 * execve(2) of a worker: it takes over its main thread's tid and keeps its scheduling, while its own tid ends. Then nobody
 * would watch it, and JavaScript, which looks for that too, may not run.
 */
static void look_for_heir(struct rtb_watchdog *dog, size_t index, struct guest *guest)
{
	/* Looking through the roster shows out who has left, and then this place may be another's. */
	int heir = guest->pid, priority = guest->priority;
	int64_t cookie = roster_cookie(&dog->roster, index);
	int32_t found[4];

	guest->ended = true;
	if (guest->tid == heir || guest->demoted || guest->kind != GRANT_REALTIME)
		return;
	if (rtb_sched_get(heir, found) < 0 || found[0] != SCHED_RR || !found[3])
		return;
	if ((priority != 0 && found[1] != priority) || roster_watches(&dog->roster, heir))
		return;
	if (rtb_sched_set(heir, SCHED_OTHER, 0, 0, 0) == 0)
		events_tell(&dog->events, (struct rtb_watchdog_event){ .kind = RTB_HEIR_DEMOTED, .cookie = cookie });
}

static void learn_priority(struct guest *guest)
{
	int32_t found[4];

	if (rtb_sched_get(guest->tid, found) == 0 && found[0] == SCHED_RR)
		guest->priority = found[1];
}

/* Counters that went backwards count nothing. */
static uint64_t since(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

/* False when it did nothing. */
static bool look_at(struct rtb_watchdog *dog, size_t index, struct guest *guest)
{
	uint64_t run, delay;
	struct thread_look look;
	int r;

	guest->ran_nsec = guest->waited_nsec = 0;
	if (!house_stirs(&dog->houses, guest->pid, dog->round))
		return false;
	r = look_schedstat(guest->schedstat_fd, &run, &delay);
	if (r == -ESRCH && !guest->ended)
		look_for_heir(dog, index, guest);
	if (r < 0)
		return false;

	guest->ran_nsec = since(guest->run_nsec, run);
	guest->waited_nsec = since(guest->delay_nsec, delay);
	guest->run_nsec = run;
	guest->delay_nsec = delay;
	if (guest->ran_nsec + guest->waited_nsec == 0)
		return false;

	if (guest->kind == GRANT_REALTIME && guest->priority == 0)
		learn_priority(guest);
	if (look_thread(guest->stat_fd, &look) == 0)
		guest->cpu = (size_t)look.cpu < dog->cpu_count ? look.cpu : -1;
	return guest->cpu >= 0;
}

static void breathe(struct rtb_watchdog *dog, uint64_t *step_nsec)
{
	const struct timespec breath = { .tv_sec = 0, .tv_nsec = BREATH_NSEC };

	if (now_nsec() - *step_nsec < STEP_NSEC)
		return;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &breath, NULL);
	intended(dog, BREATH_NSEC);
	*step_nsec = now_nsec();
}

/* Returns the CPU time that high-priority threads took. */
static uint64_t look_at_all(struct rtb_watchdog *dog)
{
	size_t high = atomic_load(&dog->roster.high);
	uint64_t nice_nsec = 0, step_nsec = now_nsec();

	dog->round++;
	for (size_t i = 0; i < dog->cpu_count; i++)
		dog->cpus[i].burned_nsec = 0;
	for (size_t i = 0; i < high; i++) {
		struct guest *guest = roster_guest(&dog->roster, i);
		if (i % 64 == 63)
			breathe(dog, &step_nsec);
		if (guest == NULL || !look_at(dog, i, guest) || guest->demoted)
			continue;
		dog->nice.granted_waiting_nsec += guest->waited_nsec;
		if (guest->kind == GRANT_REALTIME) {
			count_on_cpu(dog, guest);
		} else {
			count_nice(dog, guest);
			nice_nsec += guest->ran_nsec;
		}
	}
	return nice_nsec;
}

void look_at_cpus(struct rtb_watchdog *dog)
{
	uint64_t before = now_nsec(), after;

	dog->runnable = look_cpus(dog->stat_fd, dog->text, dog->text_size, dog->times, dog->cpu_count);
	after = now_nsec();
	dog->next_stat_nsec = after + STAT_PART * (after - before);
}

static bool need_cpus(const struct rtb_watchdog *dog, bool nice, uint64_t elapsed)
{
	bool needed = nice || dog->nice.running;

	for (size_t i = 0; i < dog->cpu_count && !needed; i++)
		needed = dog->cpus[i].armed || burns(&dog->cpus[i], elapsed);
	return needed;
}

/* Nobody could run, so nobody is to blame; what was seen until now says nothing of what comes. */
static void start_anew(struct rtb_watchdog *dog, uint64_t now)
{
	for (size_t i = 0; i < dog->cpu_count; i++)
		if (dog->cpus[i].armed)
			start_cpu_anew(dog, &dog->cpus[i], now);
	start_nice_anew(dog);
}

static bool judge(struct rtb_watchdog *dog, uint64_t now, uint64_t elapsed, bool nice)
{
	bool alert = false;

	if (stood_still(dog, now)) {
		start_anew(dog, now);
		return true;
	}
	for (size_t i = 0; i < dog->cpu_count; i++)
		alert |= judge_cpu(dog, &dog->cpus[i], now, elapsed);
	judge_nice(dog, now, nice);
	judge_strangers(dog);
	return alert;
}

/* One look and what follows from it. Returns when the next one is due. */
static uint64_t make_round(struct rtb_watchdog *dog)
{
	uint64_t start = now_nsec();
	uint64_t nice_nsec = look_at_all(dog);
	uint64_t elapsed = start - dog->last_nsec;
	bool nice = nice_nsec > elapsed / 2;

	if (start >= dog->next_stat_nsec && need_cpus(dog, nice, elapsed))
		look_at_cpus(dog);
	else
		dog->runnable = -1;
	dog->last_nsec = start;
	bool alert = judge(dog, now_nsec(), elapsed, nice);
	events_send(&dog->events);
	atomic_fetch_add(&dog->looks, 1);

	uint64_t end = now_nsec(), due = start + (alert ? ALERT_NSEC : QUIET_NSEC);
	/* However long it takes, others have as much. */
	return due > 2 * end - start ? due : 2 * end - start;
}

/* Until the time comes, or somebody wakes it: who entered first, who left last. */
static void wait_until(struct rtb_watchdog *dog, uint64_t nsec)
{
	struct pollfd news[2] = { { .fd = dog->wake_fd, .events = POLLIN }, { .events = POLLOUT } };
	eventfd_t count;

	for (uint64_t now = now_nsec(); now < nsec && (news[0].revents & POLLIN) == 0; now = now_nsec()) {
		uint64_t left = nsec - now;
		struct timespec timeout = { (time_t)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC) };
		/* A reader who is gone would be news for ever. */
		news[1].fd = events_unsent(&dog->events) ? dog->events.fd : -1;
		if (ppoll(news, 2, nsec == UINT64_MAX ? NULL : &timeout, NULL) > 0 && news[1].revents != 0)
			events_send(&dog->events);
	}
	if ((news[0].revents & POLLIN) != 0)
		eventfd_read(dog->wake_fd, &count);
}

static void take_up(struct rtb_watchdog *dog)
{
	dog->last_nsec = now_nsec();
	held_up(dog, dog->last_nsec);
	dog->asleep_nsec = time_asleep();
}

/* The roster is empty: let those who left out, disarm, and sleep until somebody enters. */
static void rest(struct rtb_watchdog *dog)
{
	look_at_all(dog);
	for (size_t i = 0; i < dog->cpu_count; i++)
		if (dog->cpus[i].armed)
			disarm_cpu(dog, &dog->cpus[i]);
	start_nice_anew(dog);
	judge_strangers(dog);
	events_send(&dog->events);
	wait_until(dog, UINT64_MAX);

	/* A look at once would see only how they entered. */
	take_up(dog);
	intended(dog, QUIET_NSEC);
	wait_until(dog, dog->last_nsec + QUIET_NSEC);
}

void *watchdog_run(void *argument)
{
	struct rtb_watchdog *dog = argument;

	prctl(PR_SET_NAME, "watchdog");
	keep_stack();
	dog->status = rtb_sched_set(rtb_tid(), SCHED_RR, dog->rule.priority, 0, 1);
	sem_post(&dog->ready);
	while (!atomic_load(&dog->ended)) {
		if (atomic_load(&dog->roster.entered) == 0) {
			rest(dog);
			continue;
		}
		uint64_t due = make_round(dog), now = now_nsec();
		intended(dog, since(now, due));
		wait_until(dog, due);
	}
	return NULL;
}
