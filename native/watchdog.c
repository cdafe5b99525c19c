/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "watchdog.h"
#include "now.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* While nothing burns, the roster is looked at so often: less than ten times a second, however many CPUs there are. */
#define QUIET_NSEC (105 * NSEC_PER_MSEC)
/* While something does. */
#define ALERT_NSEC (20 * NSEC_PER_MSEC)
/* A watchdog that is late by more was stopped with the whole machine: nobody is to blame. (The fair server of Linux 6.12 takes 50 ms.) */
#define STANDSTILL_NSEC (100 * NSEC_PER_MSEC)
/* In suspend CLOCK_BOOTTIME runs on and CLOCK_MONOTONIC does not. */
#define SLEPT_NSEC (10 * NSEC_PER_MSEC)

void tell(struct rtb_watchdog *dog, struct rtb_watchdog_event event)
{
	event.lost = dog->lost;
	event.boottime_usec = rtb_boottime_usec();
	if (write(dog->event_fd, &event, sizeof event) == (ssize_t)sizeof event)
		dog->lost = 0;
	else
		dog->lost++;
}

uint64_t new_serial(struct rtb_watchdog *dog)
{
	return ++dog->serial;
}

bool demote(struct rtb_watchdog *dog, size_t index, struct rtb_watchdog_event event)
{
	struct guest *guest = roster_guest(&dog->roster, index);

	if (guest == NULL)
		return false;
	/* Whatever comes of it, it is no suspect any more. */
	guest->demoted = true;
	if (guest->pidfd >= 0 ? rtb_pidfd_gone(guest->pidfd) != 0 : look_cpu(guest->stat_fd) < 0)
		return false;
	if (rtb_sched_set(guest->tid, SCHED_OTHER, 0, 0, 0) < 0)
		return false;

	event.kind = RTB_DEMOTED;
	event.cookie = roster_cookie(&dog->roster, index);
	tell(dog, event);
	return true;
}

static void look_at(struct rtb_watchdog *dog, struct guest *guest)
{
	uint64_t run, delay;

	guest->ran_nsec = guest->waited_nsec = 0;
	if (look_schedstat(guest->schedstat_fd, &run, &delay) < 0)
		return;

	if (guest->known) {
		guest->ran_nsec = run - guest->run_nsec;
		guest->waited_nsec = delay - guest->delay_nsec;
	}
	guest->known = true;
	guest->run_nsec = run;
	guest->delay_nsec = delay;
	if (guest->ran_nsec + guest->waited_nsec == 0)
		return;

	int cpu = look_cpu(guest->stat_fd);
	guest->cpu = cpu >= 0 && (size_t)cpu < dog->cpu_count ? cpu : -1;
}

/* Returns whether high-priority threads burn. */
static bool look_at_all(struct rtb_watchdog *dog, uint64_t elapsed)
{
	size_t high = atomic_load(&dog->roster.high);
	uint64_t nice_nsec = 0;

	for (size_t i = 0; i < dog->cpu_count; i++)
		dog->cpus[i].burned_nsec = 0;
	for (size_t i = 0; i < high; i++) {
		struct guest *guest = roster_guest(&dog->roster, i);
		if (guest == NULL)
			continue;
		look_at(dog, guest);
		if (guest->demoted || guest->cpu < 0)
			continue;
		if (guest->kind == GRANT_REALTIME) {
			count_on_cpu(dog, guest);
		} else {
			count_nice(dog, guest);
			nice_nsec += guest->ran_nsec;
		}
	}
	return nice_nsec > elapsed / 2;
}

static void look_at_cpus(struct rtb_watchdog *dog, bool nice, uint64_t elapsed)
{
	bool needed = nice;

	for (size_t i = 0; i < dog->cpu_count && !needed; i++)
		needed = dog->cpus[i].armed || burns(&dog->cpus[i], elapsed);
	if (needed)
		dog->runnable = look_cpus(dog->stat_fd, dog->text, sizeof dog->text, dog->times, dog->cpu_count);
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

static bool stood_still(struct rtb_watchdog *dog, uint64_t now, uint64_t due)
{
	uint64_t asleep = time_asleep();
	bool slept = asleep > dog->asleep_nsec + SLEPT_NSEC;
	bool late = now > due + STANDSTILL_NSEC;

	dog->asleep_nsec = asleep;
	if (slept || late)
		tell(dog, (struct rtb_watchdog_event){ .kind = RTB_STOOD_STILL, .late_nsec = late ? now - due : 0 });
	return atomic_exchange(&dog->restart, false) || slept || late;
}

/* Nobody could run, so nobody is to blame; what was seen until now says nothing of what comes. */
static void start_anew(struct rtb_watchdog *dog, uint64_t now)
{
	for (size_t i = 0; i < dog->cpu_count; i++)
		if (dog->cpus[i].armed)
			start_cpu_anew(dog, &dog->cpus[i], now);
	start_nice_anew(dog);
}

/* One look and what follows from it. Returns how long to sleep. */
static uint64_t tick(struct rtb_watchdog *dog, uint64_t due)
{
	uint64_t now = now_nsec();
	uint64_t elapsed = now - dog->last_nsec;
	bool alert = false;

	dog->last_nsec = now;
	bool nice = look_at_all(dog, elapsed);
	look_at_cpus(dog, nice, elapsed);
	if (stood_still(dog, now, due)) {
		start_anew(dog, now);
		return ALERT_NSEC;
	}

	for (size_t i = 0; i < dog->cpu_count; i++)
		alert |= judge_cpu(dog, &dog->cpus[i], now, elapsed);
	judge_nice(dog, now, nice);
	return alert ? ALERT_NSEC : QUIET_NSEC;
}

static void wait_until(struct rtb_watchdog *dog, uint64_t nsec)
{
	struct pollfd woken = { .fd = dog->wake_fd, .events = POLLIN };
	eventfd_t count;

	for (;;) {
		uint64_t now = now_nsec();
		uint64_t left = nsec > now ? nsec - now : 0;
		struct timespec timeout = { (time_t)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC) };
		int n = ppoll(&woken, 1, nsec == UINT64_MAX ? NULL : &timeout, NULL);
		if (n > 0)
			eventfd_read(dog->wake_fd, &count);
		if (n >= 0)
			return;
	}
}

/* The roster is empty: let those who left out, disarm, and sleep until somebody enters. */
static void rest(struct rtb_watchdog *dog)
{
	uint64_t now = now_nsec();

	look_at_all(dog, 0);
	for (size_t i = 0; i < dog->cpu_count; i++)
		if (dog->cpus[i].armed) {
			/* Longer ago than any calm. */
			dog->cpus[i].quiet_since_nsec = 0;
			judge_cpu(dog, &dog->cpus[i], now, 1);
		}
	start_nice_anew(dog);
	wait_until(dog, UINT64_MAX);
	dog->last_nsec = now_nsec();
	dog->asleep_nsec = time_asleep();
}

static void *run(void *argument)
{
	struct rtb_watchdog *dog = argument;
	uint64_t due = 0;

	prctl(PR_SET_NAME, "watchdog");
	dog->status = rtb_sched_set(rtb_tid(), SCHED_RR, dog->rule.priority, 0, 1);
	if (dog->status == 0 && sched_getaffinity(0, sizeof dog->home, &dog->home) < 0)
		dog->status = -errno;
	sem_post(&dog->ready);
	while (!atomic_load(&dog->ended)) {
		if (atomic_load(&dog->roster.entered) == 0) {
			rest(dog);
			due = now_nsec();
			continue;
		}
		uint64_t pause = tick(dog, due);
		due = dog->last_nsec + pause;
		wait_until(dog, due);
	}
	return NULL;
}

static struct vigil_rule vigil_rule(const struct rtb_watchdog_rule *rule)
{
	return (struct vigil_rule){
		.patience_nsec = (uint64_t)rule->patience_msec * NSEC_PER_MSEC,
		.sluggish_nsec = (uint64_t)rule->sluggish_msec * NSEC_PER_MSEC,
		.window_nsec = (uint64_t)rule->sluggish_window_msec * NSEC_PER_MSEC,
		.grace_nsec = (uint64_t)rule->grace_msec * NSEC_PER_MSEC,
		.blame_permille = (uint32_t)rule->blame_permille,
	};
}

static bool sensible(const struct rtb_watchdog_rule *rule)
{
	return rule->priority >= 1 && rule->priority <= 99 && rule->capacity >= 1 && rule->capacity <= 1 << 20 &&
	       rule->patience_msec >= 1 && rule->sluggish_msec >= 1 && rule->sluggish_window_msec >= VIGIL_PARTS &&
	       rule->grace_msec >= 0 && rule->blame_permille >= 1 && rule->blame_permille <= 1000 &&
	       rule->nice_window_msec >= 1;
}

/* All that the watchdog will ever need: at the verdict there may be nothing to be had. */
static int allocate(struct rtb_watchdog *dog)
{
	size_t capacity = (size_t)dog->rule.capacity;
	long configured = sysconf(_SC_NPROCESSORS_CONF);

	dog->cpu_count = configured > 0 && configured <= CPU_SETSIZE ? (size_t)configured : 1;
	dog->cpus = calloc(dog->cpu_count, sizeof *dog->cpus);
	dog->times = calloc(dog->cpu_count, sizeof *dog->times);
	dog->suspects = calloc(capacity, sizeof *dog->suspects);
	dog->suspect_slots = calloc(capacity, sizeof *dog->suspect_slots);
	if (dog->cpus == NULL || dog->times == NULL || dog->suspects == NULL || dog->suspect_slots == NULL)
		return -ENOMEM;

	/* Its own pages only: V8 does not bear mlockall(2). Without the right to it, paging is a risk, not an obstacle. */
	mlock(dog, sizeof *dog);
	mlock(dog->cpus, dog->cpu_count * sizeof *dog->cpus);
	mlock(dog->times, dog->cpu_count * sizeof *dog->times);
	return roster_open(&dog->roster, capacity);
}

/* A pipe that holds an event for each place in the roster, so that none is lost however long JavaScript sleeps. */
static int open_events(struct rtb_watchdog *dog)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	dog->event_fd = ends[1];
	return ends[0];
}

static int open_files(struct rtb_watchdog *dog)
{
	dog->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dog->wake_fd < 0)
		return -errno;
	dog->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	return dog->stat_fd < 0 ? -errno : 0;
}

static int start_canaries(struct rtb_watchdog *dog)
{
	int r = 0;

	for (size_t i = 0; i < dog->cpu_count && r == 0; i++)
		r = canary_start(&dog->cpus[i].canary, (int)i);
	return r;
}

/* It sets its own priority: whether it may is heard before anything is entrusted to it. */
static int start_watching(struct rtb_watchdog *dog)
{
	int r = rtb_thread_start(&dog->thread, run, dog);

	dog->started = r == 0;
	if (r < 0)
		return r;
	while (sem_wait(&dog->ready) < 0 && errno == EINTR)
		;
	return dog->status;
}

static void discard(struct rtb_watchdog *dog)
{
	if (dog->started) {
		atomic_store(&dog->ended, true);
		eventfd_write(dog->wake_fd, 1);
		pthread_join(dog->thread, NULL);
	}
	for (size_t i = 0; dog->cpus != NULL && i < dog->cpu_count; i++)
		canary_stop(&dog->cpus[i].canary);
	if (dog->roster.slots != NULL)
		roster_close(&dog->roster);
	if (dog->wake_fd >= 0)
		close(dog->wake_fd);
	if (dog->stat_fd >= 0)
		close(dog->stat_fd);
	if (dog->event_fd >= 0)
		close(dog->event_fd);
	sem_destroy(&dog->ready);
	free(dog->cpus);
	free(dog->times);
	free(dog->suspects);
	free(dog->suspect_slots);
	free(dog);
}

/* Returns the descriptor to read events from. */
static int prepare(struct rtb_watchdog *dog)
{
	int events, r;

	r = allocate(dog);
	if (r == 0)
		r = open_files(dog);
	if (r < 0)
		return r;
	events = open_events(dog);
	if (events < 0)
		return events;

	r = start_canaries(dog);
	if (r == 0)
		r = start_watching(dog);
	if (r < 0)
		close(events);
	return r < 0 ? r : events;
}

int rtb_watchdog_open(struct rtb_watchdog **result, const struct rtb_watchdog_rule *rule)
{
	struct rtb_watchdog *dog;
	int r;

	if (!sensible(rule))
		return -EINVAL;
	dog = calloc(1, sizeof *dog);
	if (dog == NULL)
		return -ENOMEM;
	dog->wake_fd = dog->stat_fd = dog->event_fd = -1;
	dog->rule = *rule;
	dog->vigil_rule = vigil_rule(rule);
	sem_init(&dog->ready, 0, 0);

	r = prepare(dog);
	if (r < 0)
		discard(dog);
	else
		*result = dog;
	return r;
}

int64_t rtb_watchdog_enter(struct rtb_watchdog *dog, int pid, int tid, uint32_t uid, int high_priority)
{
	int64_t cookie = roster_enter(&dog->roster, pid, tid, uid, high_priority ? GRANT_HIGH_PRIORITY : GRANT_REALTIME);

	/* The first one ends its rest; it sees the others at its next look. */
	if (cookie > 0 && atomic_load(&dog->roster.entered) == 1)
		eventfd_write(dog->wake_fd, 1);
	return cookie;
}

int rtb_watchdog_leave(struct rtb_watchdog *dog, int64_t cookie)
{
	int r = roster_leave(&dog->roster, cookie);

	/* Nothing may be kept open of who has left: so it looks once more before it rests. */
	if (r == 0 && atomic_load(&dog->roster.entered) == 0)
		eventfd_write(dog->wake_fd, 1);
	return r;
}

int rtb_watchdog_restart(struct rtb_watchdog *dog)
{
	atomic_store(&dog->restart, true);
	return 0;
}

int rtb_watchdog_close(struct rtb_watchdog *dog)
{
	discard(dog);
	return 0;
}
