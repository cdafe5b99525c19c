/* SPDX-License-Identifier: MIT */
#include "sysfs.h"

#include <stdio.h>

bool put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return false;
	fputs(text, file);
	return fclose(file) == 0;
}
