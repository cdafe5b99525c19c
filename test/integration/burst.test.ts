import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { expectRefused } from '../rig/refusals.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage;
let descriptors: number;
const openDescriptors = () => readdirSync(`/proc/${stage.broker.pid}/fd`).length;

beforeAll(async () => {
  stage = await Stage.start({
    'burst.process_requests': 4,
    'burst.process_refill_per_sec': 1,
    'burst.user_requests': 2,
    'burst.user_refill_per_sec': 2,
  });
  await ask(ownFace, realtime(stage.root, 0, 99));
  descriptors = openDescriptors();
});
afterEach(async () => {
  await stage.clear();
  await expect.poll(openDescriptors, { interval: 5 }).toBe(descriptors);
});
afterAll(() => stage.stop());

const left = async (caller: Caller) => (await stage.limits(caller)).BurstRequestsLeft;
/** Everybody's bucket fills again, in a second. */
const full = (caller: Caller) => expect.poll(() => left(caller), { timeout: 3000, interval: 20 }).toBe(2);

test('what is refused before polkit costs the user nothing, and the process its burst', async () => {
  const alice = await stage.caller();
  await full(alice);
  for (let request = 0; request < 4; request++)
    expectRefused(await ask(ownFace, realtime(alice, 0, 99)), ownFace, 'PriorityAboveLimit', 'above');
  expectRefused(await ask(ownFace, realtime(alice, 0, 99)), ownFace, 'Burst', 'This process asks too often');
  expect(await left(alice)).toBe(2);
  expect(await ask(ownFace, realtime(await stage.caller(), 0, 5))).toMatchObject({ ok: true });
});

test('who waits as long as he is told is granted', async () => {
  const alice = await stage.caller();
  await full(alice);
  for (let request = 0; request < 2; request++) dataOf(await ask(rtkitFace, realtime(alice, 0, 5 + request)));
  const refused = await ask(rtkitFace, realtime(alice, 0, 9));
  expectRefused(refused, rtkitFace, 'Burst', 'This user asks too often. Ask again in 0\\.[1-5] s');
  // The refusal itself came as late as that.
  expect(await ask(rtkitFace, realtime(alice, 0, 9))).toMatchObject({ ok: true });
});

test('a refusal that waits keeps no other user waiting', async () => {
  const [alice, carol] = [await stage.caller(), await stage.caller('carol')];
  await full(alice);
  const order: string[] = [];
  const asked = async (caller: Caller) =>
    order.push(`${caller.user.name} ${(await ask(ownFace, realtime(caller, 0, 5))).ok}`);
  await asked(alice);
  await asked(alice);
  await Promise.all([asked(alice), asked(carol)]);
  expect(order).toEqual(['alice true', 'alice true', 'carol true', 'alice false']);
});

test('who dies while his refusal waits leaves nothing', async () => {
  const callers = await Promise.all(Array.from({ length: 20 }, () => stage.caller()));
  await full(callers[0]!);
  await Promise.all(callers.map((caller) => caller.send(ownFace, 'MakeThreadRealtime', 'tu', 0, 5)));
  // Each that waits holds the thread it asks for.
  await expect.poll(openDescriptors, { interval: 1 }).toBeGreaterThan(descriptors + 5);
  for (const caller of callers) caller.kill();
  await Promise.all(callers.map(({ exited }) => exited));
  expect(await ask(ownFace, realtime(await stage.caller('carol'), 0, 5))).toMatchObject({ ok: true });
});
