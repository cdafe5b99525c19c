/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "events.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENT sizeof(struct rtb_watchdog_event)

_Static_assert(EVENT == 64, "JavaScript reads records of 64 bytes");

int events_open(struct events *events)
{
	int ends[2], bytes = 1 << 20;

	/* Not a pipe: whoever writes to one waits for a reader that was preempted while it read. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	events->fd = ends[0];
	return ends[1];
}

void events_close(struct events *events)
{
	if (events->fd >= 0)
		close(events->fd);
}

bool events_unsent(const struct events *events)
{
	return events->sent < events->told * EVENT;
}

static bool full(const struct events *events)
{
	/* An event that was sent in part still needs its place. */
	return events->told - events->sent / EVENT >= EVENTS_MAX;
}

void events_tell(struct events *events, struct rtb_watchdog_event event)
{
	if (full(events)) {
		events->lost++;
		return;
	}
	event.lost = events->lost;
	event.boottime_usec = rtb_boottime_usec();
	events->lost = 0;
	events->ring[events->told++ % EVENTS_MAX] = event;
}

void events_send(struct events *events)
{
	while (events_unsent(events)) {
		uint64_t at = events->sent % sizeof events->ring;
		uint64_t left = events->told * EVENT - events->sent;
		uint64_t whole = sizeof events->ring - at;
		ssize_t n = send(events->fd, (const char *)events->ring + at, left < whole ? left : whole,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			events->sent += (uint64_t)n;
		else if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM)
			return;
		else
			/* Nobody reads any more. */
			events->sent = events->told * EVENT;
		if (events->lost > 0)
			events_tell(events, (struct rtb_watchdog_event){ .kind = RTB_LOST });
	}
}
