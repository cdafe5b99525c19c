import { describe, expect, test } from 'vitest';
import { processTableContract } from '../contracts/process-table.ts';
import { reasonOf } from '../contracts/refusal.ts';
import { schedulerContract } from '../contracts/scheduler.ts';
import { mainThread } from '../contracts/stage.ts';
import { FakeWorld } from './world.ts';

describe('the fake process table', () => processTableContract(() => new FakeWorld()));
test('the fake process table refuses a caller whose process has ended, and whose pid is another’s by now', async () => {
  const world = new FakeWorld();
  const pid = world.spawn();
  const caller = world.caller(pid);
  const wanted = {
    face: 'own',
    process: undefined,
    thread: 0n,
    scheduling: { kind: 'realtime', priority: 5 },
  } as const;
  await world.processes.find(caller, wanted);
  world.kill(pid);
  world.startStranger(mainThread(pid));
  expect(await reasonOf(() => world.processes.find(caller, wanted))).toBe('no-such-thread');
});

describe('the fake scheduler', () => schedulerContract(() => new FakeWorld()));
