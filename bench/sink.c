/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* The least a service in C can do: it owns the name that rtkit and the broker own, answers one property, and reads and
 * turns away all else. What it takes is the bus's own cost: nobody who answers over D-Bus can be quicker. */

#define NAME "org.freedesktop.RealtimeKit1"

static const int64_t rttime_usec_max = 200000;

static bool asks_for_rttime(sd_bus_message *message)
{
	const char *interface, *property;

	return sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "Get") > 0 &&
	       sd_bus_message_read(message, "ss", &interface, &property) > 0 &&
	       strcmp(property, "RTTimeUSecMax") == 0;
}

static int answer(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)data, (void)error;
	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return 0;
	if (asks_for_rttime(message))
		return sd_bus_reply_method_return(message, "v", "x", rttime_usec_max);
	return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_UNKNOWN_METHOD, "only RTTimeUSecMax is served");
}

static int serve(const char *address)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_add_filter(bus, NULL, answer, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	return r;
}

int main(void)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (address == NULL) {
		fputs("bench-sink: DBUS_SYSTEM_BUS_ADDRESS is not set\n", stderr);
		return 2;
	}
	fprintf(stderr, "bench-sink: %s\n", strerror(-serve(address)));
	return 1;
}
