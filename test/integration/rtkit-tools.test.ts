import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { copied } from '../rig/client.ts';
import { look } from '../rig/kernel.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

test('C37 rtkit-test runs green, and is realtime at its end', async () => {
  const { rig } = stage;
  const program = '/usr/libexec/installed-tests/rtkit/rtkit-test';
  const test = await stage.program(rig.makeHome(), copied(rig, 'linger'), program);
  const pid = Number((await test.line(/^\d+ lingers$/)).split(' ')[0]);
  expect(look(pid)).toMatchObject({
    ...{ policy: 'rr', priority: 10, resetOnFork: true },
    ...{ rttimeSoft: 100_000, rttimeHard: 100_000 },
  });
  expect(test.lines).toEqual(
    expect.arrayContaining([
      expect.stringContaining('SCHED_OTHER with nice level: -10'),
      expect.stringContaining('SCHED_RR with priority 10'),
    ]),
  );
  test.process.stdin.end();
  expect(await test.exited).toEqual({ code: 0, signal: null });
});
