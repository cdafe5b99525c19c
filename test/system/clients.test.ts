import { beforeAll, expect, test } from 'vitest';
import type { Look } from '../rig/kernel.ts';
import { inGuest } from './guest.ts';

/** How the kernel runs the threads of Debian 13's programs, by what clients.sh calls them. */
const threads = new Map<string, Look>();
beforeAll(async () => {
  for (const line of await inGuest('sh test/system/clients.sh')) {
    const [, name, look] = /^(.+) (\{.+\})$/.exec(line) ?? [];
    if (name !== undefined && look !== undefined) threads.set(name, JSON.parse(look) as Look);
  }
});

const realtime = { policy: 'rr', resetOnFork: true, nice: 0, rttimeHard: 200_000 };
const highPriority = { policy: 'other', priority: 0, resetOnFork: true, nice: -11 };

/** By the defaults of polkit's actions alone: alice sits at the machine. */
for (const [name, state] of [
  ['pipewire main', highPriority],
  ['pipewire data', { ...realtime, priority: 20 }],
  ['wireplumber main', highPriority],
  ['wireplumber data', { ...realtime, priority: 20 }],
  ['pw-loopback data', { ...realtime, priority: 20 }],
  // It wants 1, and would take no more than half of what there is.
  ['openal mixer', { ...realtime, priority: 1 }],
  ['rtkit-test', { policy: 'rr', priority: 10, resetOnFork: true, rttimeHard: 100_000 }],
  // By rtkitctl --reset-all, which would reach every other test of this machine outside of a guest. It leaves nice levels.
  ['pipewire main, reset', highPriority],
  ['pipewire data, reset', { policy: 'other', priority: 0, nice: 0 }],
] as const)
  test(`${name}, of Debian 13`, () => {
    expect(threads.get(name)).toMatchObject(state);
  });
