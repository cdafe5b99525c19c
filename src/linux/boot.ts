import { readFileSync } from 'node:fs';

/** What tells this run of the machine from all others; random(4). */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
