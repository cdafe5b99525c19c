/* SPDX-License-Identifier: MIT */

/*
 * What the watchdog has to say to JavaScript. Saying it costs a copy and never waits; it is sent when all is done, for
 * even a send that may not block can wait for memory. What JavaScript is too slow for is kept here, and then counted.
 */
#ifndef RTB_EVENTS_H
#define RTB_EVENTS_H

#include "realtime-broker.h"

#include <stdbool.h>
#include <stdint.h>

/* What a demotion every tenth of a second needs for three minutes. */
#define EVENTS_MAX 2048

struct events {
	int fd;
	uint32_t lost;
	/* Since the start: events told, bytes sent. */
	uint64_t told, sent;
	struct rtb_watchdog_event ring[EVENTS_MAX];
};

/* Returns the descriptor to read them from, the caller's to close, or -errno. */
int events_open(struct events *events);
void events_close(struct events *events);

void events_tell(struct events *events, struct rtb_watchdog_event event);

/* Sends what the socket takes. */
void events_send(struct events *events);
bool events_unsent(const struct events *events);

#endif
