/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../roster.h"
#include "../thread.h"
#include "check.h"
#include "sleeper.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static int64_t enter(struct roster *roster, int tid)
{
	return roster_enter(roster, getpid(), tid, 1000, GRANT_REALTIME);
}

/* As the watchdog would: sees who is there, and shows out who left. Returns how many there are. */
static size_t go_round(struct roster *roster)
{
	size_t high = atomic_load(&roster->high), count = 0;

	for (size_t i = 0; i < high; i++)
		count += roster_guest(roster, i) != NULL;
	return count;
}

static void who_enters_is_a_guest_until_he_leaves(void)
{
	size_t before = count_descriptors();
	struct roster roster;
	int tid = rtb_tid();

	CHECK(roster_open(&roster, 4) == 0);
	int64_t cookie = enter(&roster, tid);
	CHECK(cookie > 0 && go_round(&roster) == 1);
	const struct guest *guest = roster_guest(&roster, 0);
	CHECK(guest->tid == tid && guest->pid == getpid() && guest->uid == 1000 && guest->cpu == -1);
	CHECK(roster_watches(&roster, tid) && !roster_watches(&roster, 1));

	CHECK(roster_leave(&roster, cookie) == 0);
	CHECK(roster_leave(&roster, cookie) == -ENOENT);
	CHECK(go_round(&roster) == 0 && atomic_load(&roster.entered) == 0);
	CHECK(roster_leave(&roster, cookie) == -ENOENT);
	CHECK(count_descriptors() == before);
	roster_close(&roster);
}

static void cookies_that_never_were_are_nobodys(void)
{
	const int64_t cookies[] = { 0, -1, 1, INT64_MAX, INT64_MIN, 1 << 20, (INT64_C(7) << 20) | 3 };
	struct roster roster;

	CHECK(roster_open(&roster, 4) == 0);
	for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++)
		CHECK(roster_leave(&roster, cookies[i]) == -ENOENT);
	int64_t cookie = enter(&roster, rtb_tid());
	for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++)
		CHECK(cookies[i] == cookie || roster_leave(&roster, cookies[i]) == -ENOENT);
	CHECK(roster_leave(&roster, cookie) == 0);
	roster_close(&roster);
}

static void it_has_an_end(void)
{
	struct roster roster;
	int64_t cookies[3];

	CHECK(roster_open(&roster, 3) == 0);
	for (int i = 0; i < 3; i++)
		CHECK((cookies[i] = enter(&roster, rtb_tid())) > 0);
	CHECK(enter(&roster, rtb_tid()) == -ENOSPC);
	/* Who left has a place until he was shown out. */
	CHECK(roster_leave(&roster, cookies[1]) == 0);
	CHECK(enter(&roster, rtb_tid()) == -ENOSPC);
	CHECK(go_round(&roster) == 2);
	int64_t again = enter(&roster, rtb_tid());
	CHECK(again > 0 && again != cookies[1] && enter(&roster, rtb_tid()) == -ENOSPC);
	CHECK(roster_leave(&roster, cookies[1]) == -ENOENT);
	roster_close(&roster);
}

/* When thousands have been there, the rounds of the few who are left are short again. */
static void it_draws_in(void)
{
	struct roster roster;
	int64_t cookies[200];

	CHECK(roster_open(&roster, 1000) == 0);
	for (int i = 0; i < 200; i++)
		CHECK((cookies[i] = enter(&roster, rtb_tid())) > 0);
	CHECK(atomic_load(&roster.high) == 200);
	for (int i = 1; i < 200; i++)
		CHECK(roster_leave(&roster, cookies[i]) == 0);
	CHECK(go_round(&roster) == 1);
	int64_t last = enter(&roster, rtb_tid());
	CHECK(last > 0 && atomic_load(&roster.high) <= 2);
	for (int i = 1; i < 200; i++)
		CHECK(cookies[i] != last && roster_leave(&roster, cookies[i]) == -ENOENT);
	roster_close(&roster);
}

static void who_has_ended_does_not_enter(void)
{
	size_t before = count_descriptors();
	struct sleeper sleeper;
	struct roster roster;

	CHECK(roster_open(&roster, 4) == 0);
	sleeper_start(&sleeper);
	CHECK(roster_enter(&roster, 1, sleeper.tid, 0, GRANT_REALTIME) == -ESRCH);
	sleeper_end(&sleeper);
	CHECK(enter(&roster, sleeper.tid) == -ESRCH);
	CHECK(atomic_load(&roster.entered) == 0 && go_round(&roster) == 0);
	CHECK(count_descriptors() == before);
	roster_close(&roster);
}

static void without_descriptors_nobody_enters_and_none_are_lost(void)
{
	size_t before = count_descriptors();
	struct rlimit all, few;
	struct roster roster;
	int next = dup(0);

	CHECK(next >= 0 && close(next) == 0);
	CHECK(roster_open(&roster, 4) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &all) == 0);
	for (rlim_t more = 0; more <= 3; more++) {
		few = (struct rlimit){ (rlim_t)next + more, all.rlim_max };
		CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
		int64_t cookie = enter(&roster, rtb_tid());
		CHECK(setrlimit(RLIMIT_NOFILE, &all) == 0);
		CHECK(more < 3 ? cookie == -EMFILE : cookie > 0);
		CHECK(more == 3 || count_descriptors() == before);
	}
	roster_close(&roster);
	CHECK(count_descriptors() == before);
}

#define ROUNDS 3000
#define AT_ONCE 48

struct hammering {
	struct roster roster;
	_Atomic bool over;
	_Atomic size_t rounds, sightings;
	int64_t cookies[ROUNDS];
	size_t cookie_count;
};

/* The watchdog: reads and writes what is its own, as fast as it can. */
static void *watch(void *argument)
{
	struct hammering *this = argument;

	while (!atomic_load(&this->over)) {
		size_t high = atomic_load(&this->roster.high);
		for (size_t i = 0; i < high; i++) {
			struct guest *guest = roster_guest(&this->roster, i);
			if (guest == NULL)
				continue;
			CHECK(guest->tid > 0 && guest->schedstat_fd >= 0 && guest->uid == (uint32_t)guest->tid);
			CHECK(roster_cookie(&this->roster, i) > 0);
			guest->demoted = !guest->demoted;
			guest->run_nsec++;
			atomic_fetch_add(&this->sightings, 1);
		}
		atomic_fetch_add(&this->rounds, 1);
	}
	return NULL;
}

struct visitor {
	struct sleeper sleeper;
	bool alive;
	int64_t cookie;
};

static void come_or_go(struct hammering *this, struct visitor *visitor, unsigned int chance)
{
	if (!visitor->alive) {
		sleeper_start(&visitor->sleeper);
		visitor->alive = true;
	} else if (visitor->cookie == 0) {
		int tid = visitor->sleeper.tid;
		visitor->cookie = roster_enter(&this->roster, getpid(), tid, (uint32_t)tid, GRANT_HIGH_PRIORITY);
		CHECK(visitor->cookie > 0);
		this->cookies[this->cookie_count++] = visitor->cookie;
	} else {
		/* Some end before they leave, as a thread does whose end JavaScript has not heard of. */
		if (chance % 3 == 0) {
			sleeper_end(&visitor->sleeper);
			visitor->alive = false;
		}
		CHECK(roster_leave(&this->roster, visitor->cookie) == 0);
		CHECK(roster_leave(&this->roster, visitor->cookie) == -ENOENT);
		visitor->cookie = 0;
	}
}

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

static void threads_come_and_go_while_it_is_read(unsigned int seed)
{
	static struct hammering this;
	static struct visitor visitors[AT_ONCE];
	size_t before = count_descriptors();
	unsigned int state = seed;
	pthread_t watcher;

	CHECK(roster_open(&this.roster, AT_ONCE * 4) == 0);
	CHECK(pthread_create(&watcher, NULL, watch, &this) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned int chance = (unsigned int)rand_r(&state);
		come_or_go(&this, &visitors[chance % AT_ONCE], chance / AT_ONCE);
		/* So that those who left are shown out now and then, and the roster does not fill with them. */
		for (size_t rounds = atomic_load(&this.rounds); i % 64 == 0 && atomic_load(&this.rounds) < rounds + 2;)
			usleep(50);
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (visitors[i].cookie != 0)
			CHECK(roster_leave(&this.roster, visitors[i].cookie) == 0);
		if (visitors[i].alive)
			sleeper_end(&visitors[i].sleeper);
	}
	atomic_store(&this.over, true);
	pthread_join(watcher, NULL);

	CHECK(atomic_load(&this.roster.entered) == 0 && atomic_load(&this.sightings) > 0);
	roster_close(&this.roster);
	CHECK(count_descriptors() == before);
	qsort(this.cookies, this.cookie_count, sizeof *this.cookies, compare);
	for (size_t i = 1; i < this.cookie_count; i++)
		CHECK(this.cookies[i] != this.cookies[i - 1]);
	CHECK(this.cookie_count > ROUNDS / 4);
}

int main(int count, char **arguments)
{
	who_enters_is_a_guest_until_he_leaves();
	cookies_that_never_were_are_nobodys();
	it_has_an_end();
	it_draws_in();
	who_has_ended_does_not_enter();
	without_descriptors_nobody_enters_and_none_are_lost();
	threads_come_and_go_while_it_is_read(count > 1 ? (unsigned int)atoi(arguments[1]) : 4711);
	return 0;
}
