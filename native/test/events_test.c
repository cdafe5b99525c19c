/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "../events.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static void tell(struct events *events, int64_t cookie)
{
	events_tell(events, (struct rtb_watchdog_event){ .kind = RTB_DEMOTED, .cookie = cookie });
}

static struct events *open_events(int *reader)
{
	struct events *events = calloc(1, sizeof *events);

	*reader = events_open(events);
	CHECK(*reader >= 0);
	return events;
}

static void close_events(struct events *events, int reader)
{
	events_close(events);
	close(reader);
	free(events);
}

/* As JavaScript does: in pieces of any size, of which a record may be parts of two. */
static int read_some(int reader, struct rtb_watchdog_event *event, size_t *have)
{
	ssize_t n = read(reader, (char *)event + *have, sizeof *event - *have < 40 ? sizeof *event - *have : 40);

	if (n <= 0)
		return -1;
	*have += (size_t)n;
	return *have == sizeof *event;
}

static bool read_one(int reader, struct rtb_watchdog_event *event)
{
	size_t have = 0;
	int r;

	while ((r = read_some(reader, event, &have)) == 0)
		;
	CHECK(r > 0 || have == 0);
	return r > 0;
}

static void they_come_in_order_and_nothing_is_sent_before_it_is_time(void)
{
	struct rtb_watchdog_event event;
	int reader;
	struct events *events = open_events(&reader);

	for (int64_t i = 0; i < 100; i++)
		tell(events, i);
	CHECK(events_unsent(events));
	CHECK(!read_one(reader, &event));
	events_send(events);
	CHECK(!events_unsent(events));
	for (int64_t i = 0; i < 100; i++)
		CHECK(read_one(reader, &event) && event.cookie == i && event.lost == 0 && event.boottime_usec > 0);
	CHECK(!read_one(reader, &event));
	close_events(events, reader);
}

/* It sleeps while much more happens than fits a socket, and hears all of it later. */
static void a_reader_may_sleep(void)
{
	struct rtb_watchdog_event event;
	int reader;
	struct events *events = open_events(&reader);
	int64_t told = 0, heard = 0;

	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 50; j++)
			tell(events, told++);
		events_send(events);
	}
	while (heard < told) {
		CHECK(read_one(reader, &event) && event.cookie == heard++ && event.lost == 0);
		events_send(events);
	}
	close_events(events, reader);
}

static void what_is_lost_is_counted(void)
{
	struct rtb_watchdog_event event;
	int reader;
	struct events *events = open_events(&reader);
	int64_t told = 0, heard = 0, lost = 0;

	while (told < 20000) {
		tell(events, told++);
		events_send(events);
	}
	/* Not one of them is told of twice or is in the wrong place, and the count is told with no further event to carry it. */
	while (read_one(reader, &event)) {
		lost += event.lost;
		if (event.kind == RTB_DEMOTED)
			CHECK(event.cookie == heard++ + lost);
		events_send(events);
	}
	CHECK(lost > 0 && heard + lost == told);
	CHECK(heard >= EVENTS_MAX);
	tell(events, told);
	events_send(events);
	CHECK(read_one(reader, &event) && event.cookie == told && event.lost == 0);
	close_events(events, reader);
}

static void a_reader_may_be_gone(void)
{
	int reader;
	struct events *events = open_events(&reader);

	close(reader);
	for (int64_t i = 0; i < 3 * EVENTS_MAX; i++)
		tell(events, i);
	events_send(events);
	CHECK(!events_unsent(events));
	close_events(events, -1);
}

int main(void)
{
	they_come_in_order_and_nothing_is_sent_before_it_is_time();
	a_reader_may_sleep();
	what_is_lost_is_counted();
	a_reader_may_be_gone();
	return 0;
}
