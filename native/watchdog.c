/* SPDX-License-Identifier: MIT */

/* What JavaScript calls: the watchdog is made, told of grants, asked, and ended. */
#define _GNU_SOURCE
#include "watchdog.h"
#include "now.h"
#include "resident.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POSSIBLE_CPUS "/sys/devices/system/cpu/possible"
#define PRESENT_CPUS "/sys/devices/system/cpu/present"

/* /proc/stat has a line for each CPU, and a number for each interrupt, of which there are some for each CPU again. */
#define STAT_BYTES 65536
#define STAT_BYTES_A_CPU 256

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

/* The number of CPUs in a list of the kernel's, counted from 0 to the highest, whichever there are. */
static size_t count_cpus(const char *list)
{
	int highest = look_highest_cpu(list);
	long online = sysconf(_SC_NPROCESSORS_CONF);
	size_t count = highest >= 0 ? (size_t)highest + 1 : online > 0 ? (size_t)online : 1;

	return count < CPUS_MAX ? count : CPUS_MAX;
}

/* All that the watchdog will ever need: at the verdict there may be nothing to be had. */
static int allocate(struct rtb_watchdog *dog)
{
	/* For all that can ever be plugged in. */
	dog->cpu_count = count_cpus(POSSIBLE_CPUS);
	dog->cpus = resident_new(dog->cpu_count * sizeof *dog->cpus, true);
	dog->times = resident_new(dog->cpu_count * sizeof *dog->times, true);
	dog->text_size = STAT_BYTES + dog->cpu_count * STAT_BYTES_A_CPU;
	dog->text = resident_new(dog->text_size, true);
	if (dog->cpus == NULL || dog->times == NULL || dog->text == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < dog->cpu_count; i++)
		dog->cpus[i].canary.cpu = (int)i;
	int r = houses_open(&dog->houses, (size_t)dog->rule.capacity);
	return r < 0 ? r : roster_open(&dog->roster, (size_t)dog->rule.capacity);
}

static int open_files(struct rtb_watchdog *dog)
{
	dog->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dog->wake_fd < 0)
		return -errno;
	dog->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	if (dog->stat_fd < 0)
		return -errno;
	/* The kernel takes memory for the first look only. */
	look_cpus(dog->stat_fd, dog->text, dog->text_size, dog->times, dog->cpu_count);
	return 0;
}

/* On each CPU that is there now; those that come later get theirs when they are needed. */
static int start_canaries(struct rtb_watchdog *dog)
{
	size_t present = count_cpus(PRESENT_CPUS);
	int r = 0;

	for (size_t i = 0; i < dog->cpu_count && i < present && r == 0; i++)
		if (!atomic_load(&dog->cpus[i].canary.started))
			r = canary_start(&dog->cpus[i].canary);
	return r;
}

/* It sets its own priority: whether it may is heard before anything is entrusted to it. */
static int start_watching(struct rtb_watchdog *dog)
{
	int r = rtb_thread_start(&dog->thread, watchdog_run, dog);

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
	scout_stop(&dog->scout);
	for (size_t i = 0; dog->cpus != NULL && i < dog->cpu_count; i++)
		canary_stop(&dog->cpus[i].canary);
	if (dog->roster.slots != NULL)
		roster_close(&dog->roster);
	houses_close(&dog->houses);
	events_close(&dog->events);
	if (dog->wake_fd >= 0)
		close(dog->wake_fd);
	if (dog->stat_fd >= 0)
		close(dog->stat_fd);
	sem_destroy(&dog->ready);
	resident_free(dog->cpus, dog->cpu_count * sizeof *dog->cpus);
	resident_free(dog->times, dog->cpu_count * sizeof *dog->times);
	resident_free(dog->text, dog->text_size);
	resident_free(dog, sizeof *dog);
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
	events = events_open(&dog->events);
	if (events < 0)
		return events;

	r = start_canaries(dog);
	if (r == 0)
		r = scout_start(&dog->scout, dog->rule.priority);
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
	dog = resident_new(sizeof *dog, true);
	if (dog == NULL)
		return -ENOMEM;
	keep_code();
	dog->wake_fd = dog->stat_fd = dog->events.fd = -1;
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

/* Where the thread may run a canary may be needed: whether it can get there is tried once now, and then while it cannot. */
static void try_cpus_of(struct rtb_watchdog *dog, int tid)
{
	unsigned long allowed[CPUS_MAX / LONG_BITS] = { 0 };

	if (syscall(SYS_sched_getaffinity, tid, sizeof allowed, allowed) < 0)
		return;
	for (size_t i = 0; i < dog->cpu_count; i++) {
		struct cpu *cpu = &dog->cpus[i];
		if (cpu->tried || (allowed[i / LONG_BITS] >> i % LONG_BITS & 1) == 0)
			continue;
		cpu->tried = true;
		canary_reach(&cpu->canary);
	}
}

int64_t rtb_watchdog_enter(struct rtb_watchdog *dog, int pid, int tid, uint32_t uid, int high_priority)
{
	int64_t cookie = roster_enter(&dog->roster, pid, tid, uid, high_priority ? GRANT_HIGH_PRIORITY : GRANT_REALTIME);

	if (atomic_exchange(&dog->canary_missing, false))
		start_canaries(dog);
	if (cookie > 0 && !high_priority)
		try_cpus_of(dog, tid);
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

static void add(struct rtb_watchdog_report *report, struct canary *canary)
{
	report->armed += atomic_load(&canary->armed);
	report->cheeps += atomic_load(&canary->cheeps);
	report->late_usec += atomic_load(&canary->late_nsec) / NSEC_PER_USEC;
	for (size_t i = 0; i < RTB_LATE_CLASSES; i++)
		report->late[i] += atomic_load(&canary->late[i]);
}

int rtb_watchdog_report(struct rtb_watchdog *dog, int cpu, struct rtb_watchdog_report *report)
{
	if (cpu < -1 || (cpu >= 0 && (size_t)cpu >= dog->cpu_count))
		return -EINVAL;
	*report = (struct rtb_watchdog_report){ .looks = atomic_load(&dog->looks) };
	for (size_t i = 0; i < dog->cpu_count; i++)
		if (cpu < 0 || (size_t)cpu == i)
			add(report, &dog->cpus[i].canary);
	return 0;
}

int rtb_watchdog_close(struct rtb_watchdog *dog)
{
	discard(dog);
	return 0;
}
