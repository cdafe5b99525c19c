import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rtkitFace } from '../rig/caller.ts';
import { looks } from '../rig/kernel.ts';
import { defaultPatience, Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start(defaultPatience, { services: () => ({ [rtkitFace.name]: '/bin/false' }) });
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const count = 12;

// A process that has waited longer than 20 ms for one answer never asks again; but its user has others.
const others = { retry: 5 };

test('C4 C30 WebKit keeps its proxy: each of its threads has its nice level within 20 ms a call', others, async () => {
  const webkit = await stage.client('webkit');
  const threads = await webkit.reach('all its threads');
  expect(looks(threads)).toHaveLength(count);
  for (const thread of looks(threads))
    expect(thread).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -15 });
  expect(webkit.calls.slice(0, 4)).toEqual([
    ...['StartServiceByName', 'GetNameOwner', 'Get MinNiceLevel', 'MakeThreadHighPriorityWithPID'],
  ]);
  expect(webkit.errors).toEqual([]);
});

test('C4 and so did WebKit when it wanted realtime', others, async () => {
  const webkit = await stage.client('webkit-realtime');
  const threads = await webkit.reach('all its threads');
  expect(looks(threads)).toHaveLength(count);
  for (const thread of looks(threads))
    expect(thread).toMatchObject({ policy: 'rr', priority: 5, resetOnFork: true, nice: 0, rttimeHard: 200_000 });
  expect(webkit.errors).toEqual([]);
});
