/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

static const uint64_t patience_usec = 4000000;

#define ACTION "org.freedesktop.RealtimeKit1.acquire-real-time"

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("bench-client: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	_exit(EXIT_FAILURE);
}

uint64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

sd_bus *connect_to(const char *address)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, patience_usec);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		die("cannot connect to %s: %s", address, strerror(-r));
	return bus;
}

/* Field 22 of /proc/self/stat, proc(5). */
static uint64_t own_starttime(void)
{
	static uint64_t starttime;
	char stat[1024] = "";
	FILE *file;

	if (starttime != 0)
		return starttime;
	file = fopen("/proc/self/stat", "re");
	if (file == NULL || fread(stat, 1, sizeof stat - 1, file) == 0)
		die("cannot read /proc/self/stat");
	fclose(file);

	const char *field = strrchr(stat, ')') ?: stat;
	for (int skip = 22 - 2; skip > 0; skip--)
		field = strchr(field + 1, ' ') ?: field;
	starttime = strtoull(field, NULL, 10);
	return starttime;
}

static int ask_polkit(sd_bus *bus, sd_bus_error *error, sd_bus_message **reply)
{
	return sd_bus_call_method(bus, POLKIT, "/org/freedesktop/PolicyKit1/Authority", POLKIT ".Authority",
				  "CheckAuthorization", error, reply, "(sa{sv})sa{ss}us", "unix-process", 3,
				  "pid", "u", (uint32_t)getpid(), "start-time", "t", own_starttime(),
				  "uid", "i", (int32_t)getuid(), ACTION, 0, 0u, "");
}

/* Asked on a connection of its own, because the others are in use. */
static bool polkit_stands_still(sd_bus *bus)
{
	const char *address;

	return sd_bus_get_address(bus, &address) >= 0 &&
	       ask_polkit(connect_to(address), NULL, NULL) == -ETIMEDOUT;
}

/* _exit(2), because any of many threads may come here, and several at once. */
static void require(sd_bus *bus, int r, const sd_bus_error *error, const char *call)
{
	if (r == -ETIMEDOUT && polkit_stands_still(bus))
		_exit(EXIT_POLKIT_STANDS_STILL);
	if (r < 0)
		die("%s: %s: %s", call, error->name ?: "no answer", error->message ?: strerror(-r));
}

pid_t pid_of(sd_bus *bus, const char *name)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	uint32_t pid = 0;
	int r;

	r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "GetConnectionUnixProcessID", &error, &reply, "s", name);
	require(bus, r, &error, name);
	require(bus, sd_bus_message_read(reply, "u", &pid), &error, "GetConnectionUnixProcessID");
	sd_bus_message_unref(reply);
	return (pid_t)pid;
}

void make_realtime(sd_bus *bus, pid_t tid)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_call_method(bus, SERVICE, OBJECT, SERVICE, "MakeThreadRealtime", &error, &reply, "tu",
			       (uint64_t)tid, granted_priority);
	require(bus, r, &error, "MakeThreadRealtime");
	sd_bus_message_unref(reply);
}

void read_property(sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int64_t usec = 0;
	int r;

	r = sd_bus_get_property_trivial(bus, SERVICE, OBJECT, SERVICE, "RTTimeUSecMax", &error, 'x', &usec);
	require(bus, r, &error, "Get RTTimeUSecMax");
	if (usec <= 0)
		die("RTTimeUSecMax is %lld", (long long)usec);
}

void check_authorization(sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int authorized = 0;
	int r;

	r = ask_polkit(bus, &error, &reply);
	require(bus, r, &error, "CheckAuthorization");
	require(bus, sd_bus_message_enter_container(reply, 'r', "bba{ss}"), &error, "CheckAuthorization");
	require(bus, sd_bus_message_read(reply, "b", &authorized), &error, "CheckAuthorization");
	if (!authorized)
		die("polkit does not authorize uid %u for " ACTION, getuid());
	sd_bus_message_unref(reply);
}

sd_bus_message *list_grants(sd_bus *bus)
{
	static const char own[] = "org.example.RealtimeBroker";
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;

	require(bus, sd_bus_call_method(bus, own, "/org/example/RealtimeBroker", own, "ListGrants", &error, &reply, NULL),
		&error, "ListGrants");
	return reply;
}

size_t count_grants(sd_bus_message *reply)
{
	size_t count = 0;
	int r = sd_bus_message_enter_container(reply, 'a', "a{sv}");

	for (; r > 0 && (r = sd_bus_message_skip(reply, "a{sv}")) > 0; count++)
		;
	if (r < 0)
		die("what ListGrants returns is no list: %s", strerror(-r));
	sd_bus_message_unref(reply);
	return count;
}
