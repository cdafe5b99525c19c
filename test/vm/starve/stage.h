/* SPDX-License-Identifier: MIT */
#pragma once

#include "stories.h"

/*
 * Tells a story once, under the default rule with all its times so many times as long, and prints what came of it. False when
 * the watchdog itself was late, though nothing was done to the machine: then it says nothing. For one process each.
 */
bool tell_story(const struct story *story, int times);

/* Whether the watchdog has said such a thing so far, an event's kind. */
bool heard(int kind);
