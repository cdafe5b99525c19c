/* SPDX-License-Identifier: MIT */

/*
 * What must be in memory when the machine starves: a page that was thrown out would be read back from a disk that others
 * wait for. Our own pages only, for V8 does not bear mlockall(2). Without the right to it, paging is a risk, not an
 * obstacle: nothing here fails for that.
 */
#ifndef RTB_RESIDENT_H
#define RTB_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Zeroed memory that stays; NULL when there is none. `all_at_once` for what is used whole; without it each page stays from
 * its first use on. To be given back with resident_free().
 */
void *resident_new(size_t bytes, bool all_at_once);
void resident_free(void *memory, size_t bytes);

/* The calling thread's stack and thread-local storage, with room for some calls more. */
void keep_stack(void);

/* Our code and constants. */
void keep_code(void);

#endif
