/* SPDX-License-Identifier: MIT */
/* What a machine goes through. */
#include "stories.h"
#include "sysfs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long whoever runs the guest lets it stand still. */
enum { STANDSTILL_MSEC = 3000, PLAY_MSEC = 500 };

static void pause_msec(int msec)
{
	struct timespec time = { msec / 1000, (long)(msec % 1000) * 1000000 };

	while (nanosleep(&time, &time) < 0)
		;
}

/* Of whoever runs the guest. */
static bool ask(const char *what)
{
	return printf("{\"please\":\"%s\"}\n", what) > 0;
}

static bool answered(void)
{
	char line[16];

	return fgets(line, sizeof line, stdin) != NULL && strcmp(line, "done\n") == 0;
}

static uint64_t clock_msec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Returns how long the answer took, by the guest's clock; -1 without one. */
static int64_t ask_and_wait(const char *what)
{
	uint64_t asked = clock_msec(CLOCK_MONOTONIC);

	return ask(what) && answered() ? (int64_t)(clock_msec(CLOCK_MONOTONIC) - asked) : -1;
}

/* Its clocks stop with it. */
bool stop_guest(void)
{
	pause_msec(PLAY_MSEC);
	int64_t took = ask_and_wait("stop");
	return took >= 0 && took < STANDSTILL_MSEC / 2;
}

/* Its clocks run on. */
bool freeze_qemu(void)
{
	pause_msec(PLAY_MSEC);
	return ask_and_wait("freeze") >= STANDSTILL_MSEC / 2;
}

/* All threads are stopped meanwhile; the clocks may be too, but for one. */
static bool suspend(const char *state)
{
	uint64_t before = clock_msec(CLOCK_BOOTTIME);

	return put("/sys/power/state", state) && clock_msec(CLOCK_BOOTTIME) > before + STANDSTILL_MSEC / 2;
}

/* Until the host says something: an emulated real-time clock wakes nobody from this. */
bool suspend_to_idle(void)
{
	pause_msec(PLAY_MSEC);
	return put("/sys/class/tty/ttyS1/power/wakeup", "enabled") && ask("wake") && suspend("freeze") && answered();
}

bool suspend_to_memory(void)
{
	pause_msec(PLAY_MSEC);
	put("/sys/class/rtc/rtc0/wakealarm", "0");
	return put("/sys/class/rtc/rtc0/wakealarm", "+3") && suspend("mem");
}

static bool jump(time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

bool jump_clock(void)
{
	pause_msec(PLAY_MSEC);
	if (!jump(7200))
		return false;
	pause_msec(PLAY_MSEC);
	return jump(-7200);
}

bool unplug_last_cpu(void)
{
	long last = sysconf(_SC_NPROCESSORS_CONF) - 1;
	char path[64];

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/online", last);
	pause_msec(100);
	if (!put(path, "0"))
		return false;
	pause_msec(PLAY_MSEC);
	return put(path, "1");
}
