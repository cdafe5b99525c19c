/* SPDX-License-Identifier: MIT */

/*
 * The watchdog on the real kernel. Who starves, starves CPU 1 only, and not for long. Arguments: `brief`, which leaves out
 * what the sanitizers need not see; `long`; the name of a test; `measure N`, which prints how long demotions take, N times
 * each; `looks`, which prints what it costs to look after sleeping threads.
 */
#define _GNU_SOURCE
#include "../looks.h"
#include "../now.h"
#include "../realtime-broker.h"
#include "actor.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU 1
#define ACTORS_MAX 32
#define UID 4242

static enum { BRIEF, USUAL, LONG } form = USUAL;

static const struct rtb_watchdog_rule defaults = {
	.priority = 99,
	.capacity = 256,
	.patience_msec = 300,
	.sluggish_msec = 20,
	.sluggish_window_msec = 2000,
	.grace_msec = 100,
	.blame_permille = 850,
	.nice_window_msec = 2000,
};

/* A watchdog, those it watches and those it does not, and what it has said. */
struct stage {
	struct rtb_watchdog *dog;
	int events_fd;
	struct actor actors[ACTORS_MAX];
	int64_t cookies[ACTORS_MAX];
	int count;
	int told[RTB_HEIR_DEMOTED + 1];
};

/* Others of the machine were on our CPU, and kept what was expected from coming about. */
static volatile sig_atomic_t disturbed;

#define DISTURBED 77

static void end_disturbed(int signal)
{
	(void)signal;
	if (disturbed)
		_exit(DISTURBED);
}

static bool is_ours(int pid)
{
	char path[64], text[512];
	int fd, parent = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* Who has ended meanwhile was as likely ours. */
	return n <= 0 || (sscanf(strrchr(text, ')') + 1, " %*c %d", &parent) == 1 && parent == getpid());
}

/* Of what the kernel itself runs nobody is kept waiting, in the watchdog's eyes. PF_KTHREAD of linux/sched.h. */
static bool is_ready_on(int cpu, int pid, const char *tid)
{
	struct thread_look look;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", pid, tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool seen = fd >= 0 && look_thread(fd, &look) == 0;
	if (fd >= 0)
		close(fd);
	return seen && look.state == 'R' && look.cpu == cpu && (look.flags & 0x00200000) == 0;
}

/* Whether somebody else runs or waits there just now. */
static bool others_are_on(int cpu)
{
	DIR *processes = opendir("/proc");
	bool found = false;

	CHECK(processes != NULL);
	for (struct dirent *process; !found && (process = readdir(processes)) != NULL;) {
		int pid = atoi(process->d_name);
		char path[32];
		snprintf(path, sizeof path, "/proc/%d/task", pid);
		DIR *threads = pid > 0 && pid != getpid() && !is_ours(pid) ? opendir(path) : NULL;
		if (threads == NULL)
			continue;
		for (struct dirent *thread; !found && (thread = readdir(threads)) != NULL;)
			found = is_ready_on(cpu, pid, thread->d_name);
		closedir(threads);
	}
	closedir(processes);
	return found;
}

static void open_stage(struct stage *stage, struct rtb_watchdog_rule rule)
{
	memset(stage, 0, sizeof *stage);
	stage->events_fd = rtb_watchdog_open(&stage->dog, &rule);
	CHECK(stage->events_fd >= 0);
}

static struct actor *cast(struct stage *stage, struct part part)
{
	CHECK(stage->count < ACTORS_MAX);
	actor_cast(&stage->actors[stage->count], part);
	return &stage->actors[stage->count++];
}

static int64_t cookie_of(const struct stage *stage, const struct actor *actor)
{
	return stage->cookies[actor - stage->actors];
}

/* As the broker does: first the roster, then the kernel. */
static void enter(struct stage *stage, struct actor *actor, bool nice)
{
	int64_t cookie = rtb_watchdog_enter(stage->dog, actor->pid, actor->pid, UID, nice);

	CHECK(cookie > 0);
	stage->cookies[actor - stage->actors] = cookie;
}

static struct actor *grant(struct stage *stage, int priority, struct part part)
{
	struct actor *actor = cast(stage, part);

	enter(stage, actor, false);
	CHECK(rtb_sched_set(actor->pid, SCHED_RR, priority, 0, 1) == 0);
	return actor;
}

static struct actor *grant_nice(struct stage *stage, int nice, struct part part)
{
	struct actor *actor = cast(stage, part);

	enter(stage, actor, true);
	CHECK(rtb_sched_set(actor->pid, SCHED_OTHER, 0, nice, 1) == 0);
	return actor;
}

static void end_actors(struct stage *stage)
{
	for (int i = 0; i < stage->count; i++)
		actor_end(&stage->actors[i]);
	for (int i = 0; i < stage->count; i++)
		if (stage->cookies[i] != 0)
			CHECK(rtb_watchdog_leave(stage->dog, stage->cookies[i]) == 0);
	stage->count = 0;
}

static void close_stage(struct stage *stage)
{
	end_actors(stage);
	CHECK(rtb_watchdog_close(stage->dog) == 0);
	close(stage->events_fd);
}

/* The next event, or false when there is none in time. */
static bool hear(struct stage *stage, uint64_t until_nsec, struct rtb_watchdog_event *event)
{
	uint64_t now = now_nsec();
	struct pollfd news = { .fd = stage->events_fd, .events = POLLIN };
	int left_msec = now < until_nsec ? (int)((until_nsec - now) / NSEC_PER_MSEC) + 1 : 0;

	if (poll(&news, 1, left_msec) <= 0)
		return false;
	CHECK(read(stage->events_fd, event, sizeof *event) == sizeof *event);
	CHECK(event->kind > 0 && event->kind <= RTB_HEIR_DEMOTED && event->lost == 0);
	stage->told[event->kind]++;
	if (event->kind == RTB_STRANGER && !is_ours(event->stranger.pid))
		disturbed = true;
	return true;
}

/* Waits for an event of a kind; the others are counted. */
static bool await(struct stage *stage, enum rtb_watchdog_event_kind kind, unsigned int msec, struct rtb_watchdog_event *event)
{
	uint64_t until = now_nsec() + msec * NSEC_PER_MSEC;

	while (hear(stage, until, event))
		if (event->kind == (int)kind)
			return true;
	return false;
}

static void listen_for(struct stage *stage, unsigned int msec)
{
	uint64_t until = now_nsec() + msec * NSEC_PER_MSEC;
	struct rtb_watchdog_event event;

	while (hear(stage, until, &event))
		;
}

static struct part hog(unsigned int sleep_usec)
{
	return (struct part){ .cpu = CPU, .busy_usec = 150000, .sleep_usec = sleep_usec };
}

static struct part audio(unsigned int percent)
{
	return (struct part){ .cpu = CPU, .busy_usec = 50 * percent, .period_usec = 5000 };
}

/* How long after it began the hog was demoted, in msec; and that it is the hog and nobody else. */
static double demoted_after(struct stage *stage, const struct actor *offender, enum rtb_watchdog_reason reason)
{
	struct rtb_watchdog_event event;

	CHECK(await(stage, RTB_DEMOTED, 10000, &event));
	CHECK(event.cookie == cookie_of(stage, offender));
	CHECK(reason == 0 || event.reason == (int)reason);
	CHECK(event.cpu == CPU && event.ran_nsec > 0 && event.window_nsec > 0);
	CHECK(actor_policy(offender) == SCHED_OTHER);
	CHECK(stage->told[RTB_STARVED] >= 1);
	return (double)(event.boottime_usec - atomic_load(&offender->act->since_usec)) / 1000;
}

static const struct hog_case {
	const char *title;
	unsigned int sleep_usec;
	enum rtb_watchdog_reason reason;
	/* Of the hog; of an audio thread beside it, 0 for none; and the load of that one. */
	int priority, audio_priority;
	unsigned int percent;
	/* From which form on it is run. */
	int form;
} hog_cases[] = {
	{ "silent", 1, RTB_SILENCE, 10, 0, 0, BRIEF },
	{ "sleeps 100 usec", 100, 0, 10, 0, 0, BRIEF },
	{ "sleeps 1 msec", 1000, 0, 10, 0, 0, LONG },
	{ "sleeps 5 msec", 5000, 0, 10, 0, 0, USUAL },
	{ "below a 70 % audio thread", 1, 0, 10, 20, 70, BRIEF },
	{ "at its priority", 1, 0, 15, 15, 70, USUAL },
	{ "above it", 1, 0, 20, 10, 70, USUAL },
	{ "sluggish, above it", 1000, 0, 20, 10, 70, LONG },
};

/* How long the case takes, in msec. */
static double run_hog_case(const struct hog_case *this)
{
	struct rtb_watchdog_rule rule = defaults;
	struct stage stage;
	struct actor *good = NULL;

	if (form == BRIEF)
		rule.sluggish_window_msec = 800;
	open_stage(&stage, rule);
	if (this->audio_priority > 0) {
		good = grant(&stage, this->audio_priority, audio(this->percent));
		actor_begin(good);
		listen_for(&stage, 200);
	}
	struct actor *bad = grant(&stage, this->priority, hog(this->sleep_usec));
	actor_begin(bad);
	double msec = demoted_after(&stage, bad, this->reason);
	/* And nobody else, once it is gone. */
	listen_for(&stage, 250);
	CHECK(stage.told[RTB_DEMOTED] == 1);
	CHECK(good == NULL || actor_policy(good) == SCHED_RR);
	close_stage(&stage);
	return msec;
}

static void hogs_are_demoted_and_nobody_else(void)
{
	for (size_t i = 0; i < sizeof hog_cases / sizeof *hog_cases; i++) {
		if (hog_cases[i].form > (int)form)
			continue;
		double msec = run_hog_case(&hog_cases[i]);
		printf("  hog, %s: demoted after %.0f msec\n", hog_cases[i].title, msec);
	}
}

static void audio_alone_is_never_demoted(void)
{
	struct stage stage;

	open_stage(&stage, defaults);
	struct actor *good = grant(&stage, 20, audio(90));
	actor_begin(good);
	listen_for(&stage, form == LONG ? 10000 : 2000);
	CHECK(stage.told[RTB_DEMOTED] == 0);
	CHECK(actor_policy(good) == SCHED_RR);
	close_stage(&stage);
}

static void of_two_hogs_the_next_pays_after_the_grace(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;

	open_stage(&stage, defaults);
	struct actor *one = grant(&stage, 10, hog(1)), *other = grant(&stage, 10, hog(1));
	actor_begin(one);
	actor_begin(other);
	CHECK(await(&stage, RTB_DEMOTED, 5000, &event));
	int64_t first = event.cookie, first_usec = event.boottime_usec;
	CHECK(await(&stage, RTB_DEMOTED, 5000, &event));
	CHECK(event.cookie != first);
	CHECK(event.boottime_usec - first_usec >= 100000);
	CHECK(actor_policy(one) == SCHED_OTHER && actor_policy(other) == SCHED_OTHER);
	/* It is well again once it was for a while. */
	end_actors(&stage);
	CHECK(await(&stage, RTB_RECOVERED, 5000, &event) && event.cpu == CPU);
	close_stage(&stage);
}

static void a_demoted_hog_that_enters_anew_is_watched_anew(void)
{
	struct stage stage;

	open_stage(&stage, defaults);
	struct actor *bad = grant(&stage, 10, hog(1));
	actor_begin(bad);
	demoted_after(&stage, bad, RTB_SILENCE);
	CHECK(rtb_watchdog_leave(stage.dog, cookie_of(&stage, bad)) == 0);
	int64_t before = cookie_of(&stage, bad);
	enter(&stage, bad, false);
	CHECK(cookie_of(&stage, bad) != before);
	CHECK(rtb_sched_set(bad->pid, SCHED_RR, 10, 0, 1) == 0);
	demoted_after(&stage, bad, 0);
	close_stage(&stage);
}

static struct part spinner(int cpu)
{
	return (struct part){ .cpu = cpu, .busy_usec = 1000000 };
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Nice acts within a session only, where the kernel has autogroups: ours shall outweigh the others of the machine. */
static void outweigh_others(void)
{
	CHECK(setsid() > 0);
	put("/proc/self/autogroup", "-20");
}

/* CPU time that those on CPU 1 took so far. */
static uint64_t taken(const struct stage *stage)
{
	uint64_t sum = 0;

	for (int i = 0; i < stage->count; i++) {
		clockid_t clock;
		if (stage->actors[i].part.cpu == CPU && clock_getcpuclockid(stage->actors[i].pid, &clock) == 0)
			sum += clock_nsec(clock);
	}
	return sum;
}

/* Listens, and sees whether the CPU was ours. */
static bool await_demotion_unless_disturbed(struct stage *stage, unsigned int msec, struct rtb_watchdog_event *event)
{
	uint64_t start = now_nsec(), before = taken(stage);
	bool heard = await(stage, RTB_DEMOTED, msec, event);

	if (taken(stage) - before < (now_nsec() - start) * 9 / 10)
		disturbed = true;
	return heard;
}

static void greedy_high_priority_threads_are_demoted_greediest_first(void)
{
	struct rtb_watchdog_rule rule = defaults;
	struct rtb_watchdog_event event;
	struct stage stage;
	int crowd = form == BRIEF ? 4 : 19;

	rule.nice_window_msec = form == LONG ? 2000 : 800;
	outweigh_others();
	open_stage(&stage, rule);
	struct actor *waiting = cast(&stage, spinner(CPU));
	struct actor *greediest = grant_nice(&stage, -19, spinner(CPU));
	for (int i = 0; i < crowd; i++)
		grant_nice(&stage, -15, spinner(CPU));
	for (int i = 0; i < stage.count; i++)
		actor_begin(&stage.actors[i]);

	CHECK(await_demotion_unless_disturbed(&stage, 4000, &event));
	CHECK(event.reason == RTB_NICE && event.cookie == cookie_of(&stage, greediest) && event.cpu == CPU);
	printf("  high priority: the first of %d demoted after %.0f msec\n", crowd + 1,
	       (double)(event.boottime_usec - atomic_load(&greediest->act->since_usec)) / 1000);
	/* And so on, while they take so much. */
	CHECK(await_demotion_unless_disturbed(&stage, 3000, &event) && event.cookie != cookie_of(&stage, greediest));
	CHECK(actor_policy(waiting) == SCHED_OTHER);
	close_stage(&stage);
}

/* A window that others had a part in is no reason to wait for its end. */
static void after_others_took_the_cpu_greed_is_seen_as_soon(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;

	outweigh_others();
	open_stage(&stage, defaults);
	cast(&stage, spinner(CPU));
	struct actor *greediest = grant_nice(&stage, -19, spinner(CPU));
	for (int i = 0; i < 3; i++)
		grant_nice(&stage, -15, spinner(CPU));
	for (int i = 0; i < stage.count; i++)
		actor_begin(&stage.actors[i]);
	struct actor *other = cast(&stage, (struct part){ .cpu = CPU, .busy_usec = 450000, .sleep_usec = 9000000 });
	CHECK(rtb_sched_set(other->pid, SCHED_RR, 5, 0, 1) == 0);
	listen_for(&stage, 250);
	actor_begin(other);

	CHECK(await_demotion_unless_disturbed(&stage, 5000, &event));
	double msec = (double)(event.boottime_usec - atomic_load(&greediest->act->since_usec)) / 1000;
	printf("  high priority, of which others had 450 msec: the first demoted after %.0f msec\n", msec);
	/* Two whole windows are 4000. */
	CHECK(event.reason == RTB_NICE && msec < 3700);
	close_stage(&stage);
}

/* Ordinary threads that wait elsewhere are none of their business. */
static void greedy_threads_that_keep_nobody_waiting_go_on(void)
{
	struct rtb_watchdog_rule rule = defaults;
	struct stage stage;

	rule.nice_window_msec = 500;
	outweigh_others();
	open_stage(&stage, rule);
	for (int i = 0; i < 3; i++)
		cast(&stage, spinner(0));
	for (int i = 0; i < 3; i++)
		grant_nice(&stage, -15, spinner(CPU));
	for (int i = 0; i < stage.count; i++)
		actor_begin(&stage.actors[i]);
	/* Where somebody else of the machine waits, again and again in the last third of a second, they do keep him waiting. */
	uint32_t seen = 0;
	for (uint64_t end = now_nsec() + 2 * NSEC_PER_SEC; now_nsec() < end && stage.told[RTB_DEMOTED] == 0;) {
		listen_for(&stage, 10);
		seen = seen << 1 | others_are_on(CPU);
	}
	disturbed |= __builtin_popcount(seen) >= 2;
	CHECK(stage.told[RTB_DEMOTED] == 0);
	close_stage(&stage);
}

static void a_machine_busy_with_ordinary_work_accuses_nobody(void)
{
	struct stage stage;

	open_stage(&stage, defaults);
	for (int i = 0; i < 8; i++)
		cast(&stage, spinner(i % 2));
	for (int i = 0; i < 4; i++)
		grant(&stage, 10 + i, (struct part){ .cpu = -1 });
	struct actor *good = grant(&stage, 20, audio(70));
	for (int i = 0; i < stage.count; i++)
		actor_begin(&stage.actors[i]);
	listen_for(&stage, form == LONG ? 10000 : 2000);
	CHECK(stage.told[RTB_DEMOTED] == 0 && stage.told[RTB_STRANGER] == 0);
	printf("  70 %% audio beside 8 spinners: %u of %u periods missed\n", atomic_load(&good->act->missed),
	       atomic_load(&good->act->periods));
	close_stage(&stage);
}

/* A process with a watchdog of its own, which passes on what it says. */
static void watch_from_elsewhere(int pid, int report_fd)
{
	struct rtb_watchdog *dog;
	struct rtb_watchdog_event event;
	struct rtb_watchdog_rule rule = defaults;
	int fd = rtb_watchdog_open(&dog, &rule);

	alarm(15);
	if (fd < 0 || rtb_watchdog_enter(dog, pid, pid, UID, 0) < 0)
		_exit(1);
	for (;;) {
		struct pollfd news = { .fd = fd, .events = POLLIN };
		if (poll(&news, 1, -1) > 0 && read(fd, &event, sizeof event) == sizeof event)
			CHECK(write(report_fd, &event, sizeof event) == sizeof event);
	}
}

static void a_stopped_watchdog_accuses_nobody_afterwards(void)
{
	struct stage stage = { 0 };
	struct rtb_watchdog_event event;
	struct actor *good = cast(&stage, audio(90));
	int pipe_fds[2];

	CHECK(pipe(pipe_fds) == 0);
	CHECK(rtb_sched_set(good->pid, SCHED_RR, 20, 0, 1) == 0);
	actor_begin(good);
	pid_t watcher = fork();
	CHECK(watcher >= 0);
	if (watcher == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch_from_elsewhere(good->pid, pipe_fds[1]);
	}
	stage.events_fd = pipe_fds[0];
	usleep(600000);
	for (int i = 0; i < (form == LONG ? 4 : 1); i++) {
		CHECK(kill(watcher, SIGSTOP) == 0);
		usleep(700000);
		CHECK(kill(watcher, SIGCONT) == 0);
		CHECK(await(&stage, RTB_STOOD_STILL, 2000, &event));
		CHECK(event.late_nsec > 400 * NSEC_PER_MSEC && event.late_nsec < 1500 * NSEC_PER_MSEC);
		listen_for(&stage, 700);
	}
	CHECK(stage.told[RTB_DEMOTED] == 0);
	printf("  90 %% audio, and the watchdog stopped %d times for 700 msec: demoted 0\n", stage.told[RTB_STOOD_STILL]);
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	actor_end(good);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* A realtime thread that nobody granted, and a granted one that makes the canary be armed. */
static struct actor *cast_stranger(struct stage *stage)
{
	struct actor *good = grant(stage, 20, audio(35));
	struct actor *stranger = cast(stage, hog(1));

	CHECK(rtb_sched_set(stranger->pid, SCHED_FIFO, 7, 0, 0) == 0);
	actor_begin(good);
	listen_for(stage, 300);
	actor_begin(stranger);
	return stranger;
}

/* The rest of the machine may have strangers of its own. */
static bool await_stranger(struct stage *stage, enum rtb_watchdog_event_kind kind, const struct actor *stranger,
			   unsigned int msec, struct rtb_watchdog_event *event)
{
	uint64_t until = now_nsec() + msec * NSEC_PER_MSEC;

	while (hear(stage, until, event))
		if (event->kind == (int)kind && event->stranger.tid == stranger->pid)
			return true;
	return false;
}

static void strangers_are_named(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;

	open_stage(&stage, defaults);
	struct actor *stranger = cast_stranger(&stage);
	CHECK(await_stranger(&stage, RTB_STRANGER, stranger, 5000, &event));
	CHECK(stage.told[RTB_STARVED] == 1);
	CHECK(event.cpu == CPU && event.reason == RTB_INNOCENT);
	CHECK(event.stranger.pid == stranger->pid);
	CHECK(event.stranger.policy == SCHED_FIFO && event.stranger.priority == 7);
	CHECK(event.stranger.ran_permille >= 100 && event.stranger.ran_permille <= 1100);
	CHECK(strcmp(event.stranger.comm, "actor") == 0);
	/* Once, however long it lasts. */
	CHECK(!await_stranger(&stage, RTB_STRANGER, stranger, 1500, &event));
	CHECK(stage.told[RTB_STARVED] == 1 && stage.told[RTB_DEMOTED] == 0 && stage.told[RTB_STRANGER_DEMOTED] == 0);
	CHECK(actor_policy(stranger) == SCHED_FIFO);
	close_stage(&stage);
}

static void strangers_are_demoted_if_the_rule_says_so(void)
{
	struct rtb_watchdog_rule rule = defaults;
	struct rtb_watchdog_event event;
	struct stage stage;

	rule.demote_unknown = 1;
	open_stage(&stage, rule);
	struct actor *stranger = cast_stranger(&stage);
	CHECK(await_stranger(&stage, RTB_STRANGER_DEMOTED, stranger, 5000, &event));
	CHECK(actor_policy(stranger) == SCHED_OTHER);
	CHECK(stage.told[RTB_DEMOTED] == 0 && actor_policy(&stage.actors[0]) == SCHED_RR);
	printf("  stranger: demoted after %.0f msec\n",
	       (double)(event.boottime_usec - atomic_load(&stranger->act->since_usec)) / 1000);
	close_stage(&stage);
}

static void *spin_unasked(void *argument)
{
	const struct timespec nap = { 0, 1000 };
	uint64_t until = now_nsec() + 1500 * NSEC_PER_MSEC;
	cpu_set_t there;

	(void)argument;
	CPU_ZERO(&there);
	CPU_SET(CPU, &there);
	CHECK(sched_setaffinity(0, sizeof there, &there) == 0);
	CHECK(rtb_sched_set(gettid(), SCHED_RR, 5, 0, 1) == 0);
	while (now_nsec() < until) {
		uint64_t nap_nsec = now_nsec() + 150 * NSEC_PER_MSEC;
		while (now_nsec() < nap_nsec)
			;
		nanosleep(&nap, NULL);
	}
	return NULL;
}

static void our_own_threads_are_no_strangers(void)
{
	struct rtb_watchdog_rule rule = defaults;
	struct rtb_watchdog_event event;
	struct stage stage;
	pthread_t own;

	rule.demote_unknown = 1;
	open_stage(&stage, rule);
	actor_begin(grant(&stage, 20, audio(35)));
	listen_for(&stage, 300);
	CHECK(pthread_create(&own, NULL, spin_unasked, NULL) == 0);
	for (uint64_t until = now_nsec() + 1300 * NSEC_PER_MSEC; hear(&stage, until, &event);)
		CHECK(event.kind < RTB_STRANGER || event.stranger.pid != getpid());
	pthread_join(own, NULL);
	CHECK(stage.told[RTB_STARVED] >= 1 && stage.told[RTB_DEMOTED] == 0);
	close_stage(&stage);
}

static void *become_another_program(void *argument)
{
	int *go = argument;
	char byte;
	int tid = gettid();

	CHECK(write(go[1], &tid, sizeof tid) == sizeof tid);
	CHECK(read(go[2], &byte, 1) == 1);
	execl("/proc/self/exe", "watchdog_test", "heir", NULL);
	_exit(1);
}

/* The program a granted worker runs instead of what was granted. */
static _Noreturn void live_as_heir(void)
{
	alarm(10);
	for (;;) {
		uint64_t nap = now_nsec() + 150 * NSEC_PER_MSEC;
		while (now_nsec() < nap)
			;
		usleep(1);
	}
}

/* Forks a process whose worker says its tid, and calls exec when it reads a byte. */
static pid_t fork_heir(int tid_fds[2], int go_fds[2])
{
	pid_t pid;

	CHECK(pipe(tid_fds) == 0 && pipe(go_fds) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		int fds[3] = { tid_fds[0], tid_fds[1], go_fds[0] };
		cpu_set_t there;
		pthread_t worker;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(10);
		CPU_ZERO(&there);
		CPU_SET(CPU, &there);
		sched_setaffinity(0, sizeof there, &there);
		CHECK(pthread_create(&worker, NULL, become_another_program, fds) == 0);
		pthread_join(worker, NULL);
		_exit(1);
	}
	return pid;
}

static void an_heir_of_realtime_is_demoted(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;
	int tid_fds[2], go_fds[2], tid;
	int32_t found[4];
	pid_t pid = fork_heir(tid_fds, go_fds);

	open_stage(&stage, defaults);
	CHECK(read(tid_fds[0], &tid, sizeof tid) == sizeof tid);
	int64_t cookie = rtb_watchdog_enter(stage.dog, pid, tid, UID, 0);
	CHECK(cookie > 0 && rtb_sched_set(tid, SCHED_RR, 9, 0, 1) == 0);
	listen_for(&stage, 150);
	CHECK(write(go_fds[1], "!", 1) == 1);
	CHECK(await(&stage, RTB_HEIR_DEMOTED, 3000, &event) && event.cookie == cookie);
	CHECK(rtb_sched_get(pid, found) == 0 && found[0] == SCHED_OTHER);
	listen_for(&stage, 500);
	CHECK(stage.told[RTB_HEIR_DEMOTED] == 1 && stage.told[RTB_DEMOTED] == 0);
	CHECK(rtb_watchdog_leave(stage.dog, cookie) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(tid_fds[i]);
		close(go_fds[i]);
	}
	close_stage(&stage);
}

/* Wake-ups so far of all our threads but the one that asks. */
static unsigned long wakeups(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned long sum = 0;

	CHECK(tasks != NULL);
	for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
		char path[300], line[256];
		unsigned long switches;
		if (atoi(task->d_name) <= 0 || atoi(task->d_name) == gettid())
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
		FILE *status = fopen(path, "re");
		while (status != NULL && fgets(line, sizeof line, status) != NULL)
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &switches) == 1)
				sum += switches;
		if (status != NULL)
			fclose(status);
	}
	closedir(tasks);
	return sum;
}

static double wakeups_a_second(unsigned int msec)
{
	usleep(300000);
	unsigned long before = wakeups();
	usleep(msec * 1000);
	return (double)(wakeups() - before) * 1000 / msec;
}

static void it_hardly_wakes_while_all_sleep(void)
{
	static const int guests[] = { 0, 1, 25 };
	const struct part sleeper = { .cpu = -1 };
	unsigned int msec = form == LONG ? 5000 : 1000;
	struct stage stage;

	open_stage(&stage, defaults);
#if defined(__SANITIZE_THREAD__)
	/* It has a thread of its own that wakes. */
	unsigned int idle_max = 12;
#else
	unsigned int idle_max = 0;
#endif
	for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
		while (stage.count < guests[i])
			actor_begin(grant(&stage, 20, sleeper));
		double rate = wakeups_a_second(msec);
		printf("  %d sleeping: %.1f wake-ups a second\n", guests[i], rate);
		CHECK(rate <= idle_max + (guests[i] > 0 ? 10 : 0));
	}
	end_actors(&stage);
	CHECK(wakeups_a_second(msec) <= idle_max);
	close_stage(&stage);
}

#define CPUSETS "/sys/fs/cgroup/cpuset"

static void a_cpu_that_no_canary_can_reach_is_named(void)
{
	struct rtb_watchdog_event event;
	struct stage stage;
	char folder[64], path[128], pid[16];

	snprintf(folder, sizeof folder, CPUSETS "/rtb-test-%d", getpid());
	snprintf(pid, sizeof pid, "%d", getpid());
	SKIP_UNLESS(mkdir(folder, 0700) == 0, "a writable cpuset hierarchy at " CPUSETS);
	snprintf(path, sizeof path, "%s/cpuset.cpus", folder);
	CHECK(put(path, "0"));
	snprintf(path, sizeof path, "%s/cpuset.mems", folder);
	CHECK(put(path, "0"));

	open_stage(&stage, defaults);
	struct actor *good = grant(&stage, 20, audio(60));
	actor_begin(good);
	listen_for(&stage, 500);
	CHECK(stage.told[RTB_UNREACHABLE] == 0);
	/* While the canary is there, and armed. */
	snprintf(path, sizeof path, "%s/cgroup.procs", folder);
	CHECK(put(path, pid));
	CHECK(await(&stage, RTB_UNREACHABLE, 3000, &event) && event.cpu == CPU);
	listen_for(&stage, 2500);
	CHECK(stage.told[RTB_UNREACHABLE] == 1);
	CHECK(put(CPUSETS "/cgroup.procs", pid));
	CHECK(await(&stage, RTB_RECOVERED, 3000, &event) && event.cpu == CPU);
	CHECK(stage.told[RTB_DEMOTED] == 0);
	close_stage(&stage);

	/* Of a thread that only might run there, too. */
	open_stage(&stage, defaults);
	struct actor *idle = cast(&stage, (struct part){ .cpu = -1 });
	CHECK(put(path, pid));
	enter(&stage, idle, false);
	CHECK(await(&stage, RTB_UNREACHABLE, 3000, &event) && event.cpu == CPU);
	CHECK(put(CPUSETS "/cgroup.procs", pid));
	CHECK(await(&stage, RTB_RECOVERED, 3000, &event) && event.cpu == CPU);
	printf("  CPU %d taken out of our cpuset, twice: named and found again 2 times, demoted %d\n", CPU,
	       stage.told[RTB_DEMOTED]);
	close_stage(&stage);
	CHECK(rmdir(folder) == 0);
}

static void it_reports_how_late_canaries_were(void)
{
	struct rtb_watchdog_report before, after, elsewhere;
	struct stage stage;
	uint64_t sum = 0;

	open_stage(&stage, defaults);
	CHECK(rtb_watchdog_report(stage.dog, -2, &before) == -EINVAL);
	CHECK(rtb_watchdog_report(stage.dog, 8192, &before) == -EINVAL);
	CHECK(rtb_watchdog_report(stage.dog, -1, &before) == 0);
	CHECK(before.armed == 0 && before.cheeps == 0);
	actor_begin(grant(&stage, 20, audio(50)));
	for (int i = 0; i < 100; i++) {
		listen_for(&stage, 50);
		CHECK(rtb_watchdog_report(stage.dog, CPU, &after) == 0);
		if (after.cheeps > 10)
			break;
	}
	CHECK(after.armed == 1 && after.cheeps > 10 && after.looks > before.looks);
	for (int i = 0; i < RTB_LATE_CLASSES; i++)
		sum += after.late[i];
	CHECK(sum + 1 >= after.cheeps);
	CHECK(after.late_usec > 0 && after.late_usec / 1000 <= 1024 * after.cheeps);
	CHECK(rtb_watchdog_report(stage.dog, 0, &elsewhere) == 0);
	CHECK(elsewhere.armed == 0);
	close_stage(&stage);
}

static void it_refuses_rules_that_make_no_sense(void)
{
	struct rtb_watchdog_rule rules[] = { defaults, defaults, defaults, defaults, defaults };
	struct rtb_watchdog *dog;

	rules[0].priority = 0;
	rules[1].capacity = 0;
	rules[2].capacity = (1 << 20) + 1;
	rules[3].blame_permille = 1001;
	rules[4].sluggish_window_msec = 7;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		CHECK(rtb_watchdog_open(&dog, &rules[i]) == -EINVAL);
}

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static void measure(int times)
{
	double *msec = calloc((size_t)times, sizeof *msec);

	for (size_t i = 0; i < sizeof hog_cases / sizeof *hog_cases; i++) {
		for (int run = 0; run < times; run++)
			msec[run] = run_hog_case(&hog_cases[i]);
		qsort(msec, (size_t)times, sizeof *msec, compare);
		printf("%-28s p50 %5.0f  p99 %5.0f  max %5.0f msec, innocents demoted: 0, %d runs\n", hog_cases[i].title,
		       msec[times / 2], msec[(times * 99 + 99) / 100 - 1], msec[times - 1], times);
		fflush(stdout);
	}
	free(msec);
}

/* CPU time of the thread of this process that is called so. */
static uint64_t cpu_time_of(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	uint64_t nsec = 0;

	CHECK(tasks != NULL);
	for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
		char path[300], comm[32] = "";
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
		FILE *file = fopen(path, "re");
		bool found = file != NULL && fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0;
		if (file != NULL)
			fclose(file);
		snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", task->d_name);
		file = found ? fopen(path, "re") : NULL;
		if (file != NULL) {
			CHECK(fscanf(file, "%" SCNu64, &nsec) == 1);
			fclose(file);
		}
	}
	closedir(tasks);
	return nsec;
}

/* What it costs to look after so many that sleep: one thread, entered again and again. */
static void measure_looks(void)
{
	static const int guests[] = { 1, 25, 1000, 6000 };
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
		struct rtb_watchdog_rule rule = defaults;
		struct rtb_watchdog_report before, after;
		struct stage stage;
		rule.capacity = 6000;
		open_stage(&stage, rule);
		struct actor *sleeper = cast(&stage, (struct part){ .cpu = -1 });
		actor_begin(sleeper);
		for (int j = 0; j < guests[i]; j++)
			CHECK(rtb_watchdog_enter(stage.dog, sleeper->pid, sleeper->pid, UID, 0) > 0);
		usleep(500000);
		CHECK(rtb_watchdog_report(stage.dog, -1, &before) == 0);
		uint64_t nsec = cpu_time_of("watchdog"), start = now_nsec();
		usleep(5000000);
		nsec = cpu_time_of("watchdog") - nsec;
		uint64_t passed = now_nsec() - start;
		CHECK(rtb_watchdog_report(stage.dog, -1, &after) == 0);
		printf("%5d that sleep: %4.0f usec a round, %.1f rounds a second, %.2f %% of a CPU\n", guests[i],
		       (double)nsec / 1000 / (double)(after.looks - before.looks),
		       (double)(after.looks - before.looks) * NSEC_PER_SEC / (double)passed,
		       (double)nsec * 100 / (double)passed);
		close_stage(&stage);
	}
}

static const struct {
	const char *title;
	void (*test)(void);
	int form;
} tests[] = {
#define TEST(name, form) { #name, name, form }
	TEST(it_refuses_rules_that_make_no_sense, BRIEF),
	TEST(it_hardly_wakes_while_all_sleep, USUAL),
	TEST(it_reports_how_late_canaries_were, BRIEF),
	TEST(hogs_are_demoted_and_nobody_else, BRIEF),
	TEST(of_two_hogs_the_next_pays_after_the_grace, BRIEF),
	TEST(a_demoted_hog_that_enters_anew_is_watched_anew, USUAL),
	TEST(audio_alone_is_never_demoted, USUAL),
	TEST(a_machine_busy_with_ordinary_work_accuses_nobody, USUAL),
	TEST(a_stopped_watchdog_accuses_nobody_afterwards, BRIEF),
	TEST(strangers_are_named, USUAL),
	TEST(strangers_are_demoted_if_the_rule_says_so, BRIEF),
	TEST(our_own_threads_are_no_strangers, USUAL),
	TEST(an_heir_of_realtime_is_demoted, BRIEF),
	TEST(a_cpu_that_no_canary_can_reach_is_named, USUAL),
	TEST(greedy_high_priority_threads_are_demoted_greediest_first, BRIEF),
	TEST(after_others_took_the_cpu_greed_is_seen_as_soon, USUAL),
	TEST(greedy_threads_that_keep_nobody_waiting_go_on, USUAL),
};

static bool able(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) >= 2 && rtb_sched_try_realtime() == 0;
}

/* In a process of its own; again when it failed and was disturbed. */
static bool try(const char *title, void (*test)(void))
{
	int status = 0;

	for (int tries = 0; tries < 5; tries++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			signal(SIGABRT, end_disturbed);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			test();
			exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != DISTURBED)
			break;
		printf("  again: others were on CPU 1\n");
		sleep(1);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == DISTURBED) {
		printf("  skipped: %s needs CPU 1 for itself\n", title);
		return true;
	}
	/* A claim that did not hold ends all as it ended the test. */
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **arguments)
{
	const char *wanted = count > 1 ? arguments[1] : "";

	if (strcmp(wanted, "heir") == 0)
		live_as_heir();
	if (!able()) {
		printf("  skipped: the watchdog needs two CPUs and the right to SCHED_RR\n");
		return 0;
	}
	setlinebuf(stdout);
	if (strcmp(wanted, "measure") == 0) {
		measure(count > 2 ? atoi(arguments[2]) : 30);
		return 0;
	}
	if (strcmp(wanted, "looks") == 0) {
		measure_looks();
		return 0;
	}
	form = strcmp(wanted, "brief") == 0 ? BRIEF : *wanted != '\0' ? LONG : USUAL;
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		bool named = strcmp(wanted, tests[i].title) == 0;
		if ((named || *wanted == '\0' || strcmp(wanted, "brief") == 0 || strcmp(wanted, "long") == 0) &&
		    tests[i].form <= (int)form && !try(tests[i].title, tests[i].test))
			return 1;
	}
	return 0;
}
