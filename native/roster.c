/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "roster.h"
#include "looks.h"
#include "realtime-broker.h"
#include "resident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A cookie is a slot's index and how many guests it has had. */
#define INDEX_BITS 20
#define INDEX ((1 << INDEX_BITS) - 1)

/* So many slots are looked at for an empty one before a new one is used. */
#define PROBES 64

int roster_open(struct roster *roster, size_t capacity)
{
	struct slot *slots = resident_new(capacity * sizeof *slots, false);

	if (slots == NULL)
		return -ENOMEM;
	*roster = (struct roster){ .slots = slots, .capacity = capacity };
	return 0;
}

static void close_all(const struct guest *guest)
{
	if (guest->pidfd >= 0)
		close(guest->pidfd);
	if (guest->schedstat_fd >= 0)
		close(guest->schedstat_fd);
	if (guest->stat_fd >= 0)
		close(guest->stat_fd);
}

void roster_close(struct roster *roster)
{
	for (size_t i = 0; i < atomic_load(&roster->high); i++)
		if (atomic_load(&roster->slots[i].state) != SLOT_EMPTY)
			close_all(&roster->slots[i].guest);
	resident_free(roster->slots, roster->capacity * sizeof *roster->slots);
}

/* Empty slots at the end need not be looked at for ever. Those who left but were not shown out are not empty. */
static void draw_in(struct roster *roster)
{
	size_t high = atomic_load(&roster->high);

	while (high > 0 && atomic_load_explicit(&roster->slots[high - 1].state, memory_order_acquire) == SLOT_EMPTY)
		high--;
	atomic_store(&roster->high, high);
}

/* An index, or -ENOSPC. */
static ptrdiff_t find_empty(struct roster *roster)
{
	draw_in(roster);
	size_t high = atomic_load(&roster->high);
	size_t probes = high < roster->capacity && high > PROBES ? PROBES : high;

	for (size_t i = 0; i < probes; i++) {
		roster->cursor = (roster->cursor + 1) % high;
		if (atomic_load_explicit(&roster->slots[roster->cursor].state, memory_order_acquire) == SLOT_EMPTY)
			return (ptrdiff_t)roster->cursor;
	}
	return high < roster->capacity ? (ptrdiff_t)high : -ENOSPC;
}

static int open_file(int pid, int tid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/task/%d/%s", pid, tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_all(struct guest *guest)
{
	guest->pidfd = rtb_pidfd_open(guest->tid, 1);
	guest->schedstat_fd = open_file(guest->pid, guest->tid, "schedstat");
	guest->stat_fd = open_file(guest->pid, guest->tid, "stat");
	if (guest->schedstat_fd < 0)
		return guest->schedstat_fd == -ENOENT ? -ESRCH : guest->schedstat_fd;
	if (guest->stat_fd < 0)
		return guest->stat_fd == -ENOENT ? -ESRCH : guest->stat_fd;
	/* Before Linux 6.9 there is no pidfd of a worker: its files alone tell that it has ended. */
	if (guest->pidfd < 0 && guest->pidfd != -EINVAL)
		return guest->pidfd;
	/* The files were opened by number: if the pidfd's thread has lived through that, they are its own. */
	if (guest->pidfd >= 0 && rtb_pidfd_gone(guest->pidfd))
		return -ESRCH;
	/* What it does from now on counts; and the kernel takes memory for the first look only. */
	return look_schedstat(guest->schedstat_fd, &guest->run_nsec, &guest->delay_nsec);
}

int64_t roster_enter(struct roster *roster, int pid, int tid, uint32_t uid, enum grant_kind kind)
{
	ptrdiff_t index = find_empty(roster);
	struct slot *slot;
	int r;

	if (index < 0)
		return index;

	slot = &roster->slots[index];
	slot->generation++;
	slot->guest = (struct guest){ .pid = pid, .tid = tid, .uid = uid, .kind = kind, .cpu = -1 };
	r = open_all(&slot->guest);
	if (r < 0) {
		close_all(&slot->guest);
		return r;
	}

	atomic_store_explicit(&slot->state, SLOT_ENTERED, memory_order_release);
	if ((size_t)index >= atomic_load(&roster->high))
		atomic_store(&roster->high, (size_t)index + 1);
	atomic_fetch_add(&roster->entered, 1);
	return roster_cookie(roster, (size_t)index);
}

int roster_leave(struct roster *roster, int64_t cookie)
{
	size_t index = (size_t)(cookie & INDEX);
	int entered = SLOT_ENTERED;

	if (index >= atomic_load(&roster->high) || roster_cookie(roster, index) != cookie)
		return -ENOENT;
	if (!atomic_compare_exchange_strong(&roster->slots[index].state, &entered, SLOT_LEFT))
		return -ENOENT;
	atomic_fetch_sub(&roster->entered, 1);
	return 0;
}

struct guest *roster_guest(struct roster *roster, size_t index)
{
	struct slot *slot = &roster->slots[index];

	switch (atomic_load_explicit(&slot->state, memory_order_acquire)) {
	case SLOT_ENTERED:
		return &slot->guest;
	case SLOT_LEFT:
		close_all(&slot->guest);
		atomic_store_explicit(&slot->state, SLOT_EMPTY, memory_order_release);
		return NULL;
	default:
		return NULL;
	}
}

int64_t roster_cookie(const struct roster *roster, size_t index)
{
	return (int64_t)roster->slots[index].generation << INDEX_BITS | (int64_t)index;
}

bool roster_watches(struct roster *roster, int tid)
{
	size_t high = atomic_load(&roster->high);

	for (size_t i = 0; i < high; i++) {
		const struct guest *guest = roster_guest(roster, i);
		if (guest != NULL && !guest->demoted && guest->tid == tid)
			return true;
	}
	return false;
}
