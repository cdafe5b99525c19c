/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bigmessage.h"
#include "calls.h"

#define SIZE (16u * 1024 * 1024)
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* Reads a property every millisecond and remembers the slowest read. */
struct bystander {
	pthread_t thread;
	sd_bus *bus;
	atomic_bool done;
	/* Held during a read: whoever has it knows that none is under way. */
	pthread_mutex_t reading;
	uint64_t worst_nsec;
};

static void sleep_msec(unsigned msec)
{
	const struct timespec time = { .tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000000L };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static void *stand_by(void *data)
{
	struct bystander *bystander = data;

	while (!atomic_load(&bystander->done)) {
		pthread_mutex_lock(&bystander->reading);
		const uint64_t start = now_nsec();
		read_property(bystander->bus);
		const uint64_t nsec = now_nsec() - start;
		if (nsec > bystander->worst_nsec)
			bystander->worst_nsec = nsec;
		pthread_mutex_unlock(&bystander->reading);
		sleep_msec(1);
	}
	return NULL;
}

static uint64_t take_worst(struct bystander *bystander)
{
	pthread_mutex_lock(&bystander->reading);
	const uint64_t worst = bystander->worst_nsec;
	bystander->worst_nsec = 0;
	pthread_mutex_unlock(&bystander->reading);
	return worst;
}

/* An array of bytes where a thread and a priority belong: one block. */
static int fill_bytes(sd_bus_message *message)
{
	void *bytes;
	int r = sd_bus_message_append_array_space(message, 'y', SIZE, &bytes);

	if (r >= 0)
		memset(bytes, 'x', SIZE);
	return r;
}

/* The right signature, and a property name that has no end. */
static int fill_string(sd_bus_message *message)
{
	char *text = malloc(SIZE + 1);
	int r;

	if (text == NULL)
		return -1;
	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	r = sd_bus_message_append(message, "ss", SERVICE, text);
	free(text);
	return r;
}

/* Two million strings: what a parser that builds a value for each takes longest for. */
static int fill_strings(sd_bus_message *message)
{
	int r = sd_bus_message_open_container(message, 'a', "s");

	for (size_t size = 0; r >= 0 && size < SIZE; size += 8)
		r = sd_bus_message_append_basic(message, 's', "xyz");
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static const struct shape {
	const char *signature, *interface, *member;
	int (*fill)(sd_bus_message *message);
} shapes[] = {
	{ "ay", SERVICE,    "MakeThreadRealtime", fill_bytes },
	{ "ss", PROPERTIES, "Get",                fill_string },
	{ "as", SERVICE,    "NoSuchMember",       fill_strings },
};

/* What the service answered: the name of an error, "reply" for an ordinary answer. */
static void send(sd_bus *bus, sd_bus_message *message, char answer[256])
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r = sd_bus_call(bus, message, 0, &error, &reply);

	snprintf(answer, 256, "%s", r >= 0 ? "reply" : error.name ?: strerror(-r));
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
}

static sd_bus_message *build(sd_bus *bus, const struct shape *shape)
{
	sd_bus_message *message = NULL;
	int r = sd_bus_message_new_method_call(bus, &message, SERVICE, OBJECT, shape->interface, shape->member);

	if (r >= 0)
		r = shape->fill(message);
	if (r < 0)
		die("cannot build a message: %s", strerror(-r));
	return message;
}

/* The quiet time is as long as the busy one was: the machine's own hiccups show there, too. */
static void shoot(sd_bus *bus, struct bystander *bystander, const struct shape *shape)
{
	static const unsigned settle_msec = 50;
	sd_bus_message *message = build(bus, shape);
	uint64_t start, took, worst, quiet;
	char answer[256];

	take_worst(bystander);
	start = now_nsec();
	send(bus, message, answer);
	took = now_nsec() - start;
	sleep_msec(settle_msec);
	worst = take_worst(bystander);
	sd_bus_message_unref(message);

	sleep_msec(settle_msec);
	take_worst(bystander);
	sleep_msec((unsigned)(took / 1000000) + settle_msec);
	quiet = take_worst(bystander);

	printf("{\"what\":\"bigmessage\",\"shape\":\"%s\",\"answer\":\"%s\",\"tookUsec\":%.1f,", shape->signature,
	       answer, took / 1e3);
	printf("\"worstUsec\":%.1f,\"quietUsec\":%.1f}\n", worst / 1e3, quiet / 1e3);
	fflush(stdout);
}

void bigmessage(const struct world *world, size_t count)
{
	struct bystander bystander = { .bus = connect_to(world->address), .reading = PTHREAD_MUTEX_INITIALIZER };
	sd_bus *bus = connect_to(world->address);

	if (pthread_create(&bystander.thread, NULL, stand_by, &bystander) != 0)
		die("cannot start a thread");
	for (size_t shot = 0; shot < count; shot++)
		for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
			shoot(bus, &bystander, &shapes[i]);
	atomic_store(&bystander.done, true);
	pthread_join(bystander.thread, NULL);
	sd_bus_flush_close_unref(bystander.bus);
	sd_bus_flush_close_unref(bus);
}
