/* SPDX-License-Identifier: MIT */
/* What the kernel is told through its files. */
#pragma once

#include <stdbool.h>

bool put(const char *path, const char *text);
