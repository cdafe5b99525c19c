/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "resident.h"

#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 0x01
#endif

/* None of our threads needs more below the function it starts with. */
#define DEEPEST_CALLS 16384

void *resident_new(size_t bytes, bool all_at_once)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	mlock2(memory, bytes, all_at_once ? 0 : MLOCK_ONFAULT);
	return memory;
}

void resident_free(void *memory, size_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

static void keep(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	from -= from % page;
	if (from < to)
		mlock2((void *)from, to - from, 0);
}

void keep_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	pthread_attr_t attributes;
	void *bottom;
	size_t bytes;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	if (pthread_attr_getstack(&attributes, &bottom, &bytes) == 0)
		keep(here - DEEPEST_CALLS, (uintptr_t)bottom + bytes);
	pthread_attr_destroy(&attributes);
}

static int keep_if_ours(struct dl_phdr_info *object, size_t size, void *ours)
{
	bool found = false;

	(void)size;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < object->dlpi_phnum; i++) {
			const ElfW(Phdr) *part = &object->dlpi_phdr[i];
			uintptr_t from = object->dlpi_addr + part->p_vaddr;
			if (part->p_type != PT_LOAD)
				continue;
			if (pass == 0)
				found |= (uintptr_t)ours - from < part->p_memsz;
			else if (found)
				keep(from, from + part->p_memsz);
		}
	return found;
}

void keep_code(void)
{
	dl_iterate_phdr(keep_if_ours, (void *)(uintptr_t)keep_code);
}
