/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#define SERVICE "org.freedesktop.RealtimeKit1"
#define OBJECT "/org/freedesktop/RealtimeKit1"
#define POLKIT "org.freedesktop.PolicyKit1"

/* Every call here is checked: whatever is not answered as it should be ends the program with exit status 1, because a
 * refused request is quick and would look like a good figure. */

/* Said with this status instead: polkitd answered nothing for twice 4 s, so the figure would be polkitd's. */
enum { EXIT_POLKIT_STANDS_STILL = 3 };

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

uint64_t now_nsec(void);

sd_bus *connect_to(const char *address);

/* The process behind a bus name, on the word of the bus daemon. */
pid_t pid_of(sd_bus *bus, const char *name);

static const uint32_t granted_priority = 5;

/* Asks for SCHED_RR at granted_priority for a thread of this process. */
void make_realtime(sd_bus *bus, pid_t tid);

/* Reads RTTimeUSecMax. */
void read_property(sd_bus *bus);

/* Asks polkit whether this process may have realtime: the one question of a grant, without a grant. */
void check_authorization(sd_bus *bus);

/* Everything that is granted, as far as the caller may see it; to be counted afterwards, which frees it. The broker's alone. */
sd_bus_message *list_grants(sd_bus *bus);
size_t count_grants(sd_bus_message *grants);
