/* SPDX-License-Identifier: MIT */
#pragma once

#include "measure.h"

/* Sends messages of 16 MB, `count` of each shape, and prints how long another connection's property reads waited meanwhile. */
void bigmessage(const struct world *world, size_t count);
