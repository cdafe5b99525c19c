import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { ask, realtime } from '../rig/request.ts';
import { Stage } from '../rig/stage.ts';

/** Time enough for all that is asked here, and no more than a hung polkit may cost. */
const deadlineMsec = 3000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({
    'polkit.timeout_msec': deadlineMsec,
    'limits.processes_per_user_max': 200,
    'limits.realtime_threads_per_user_max': 200,
  });
});
afterEach(async () => {
  stage.rig.resumePolkit();
  await stage.clear();
});
afterAll(() => stage.stop());

/** As many processes of that user, each asked for on its own, and nobody waiting for the answers. */
async function flood(caller: Caller, count = 64): Promise<void> {
  for (let child = 0; child < count; child++) {
    const { member, signature, args } = realtime(caller, 0, 5, await caller.fork());
    await caller.send(ownFace, member, signature, ...args);
  }
}
const used = async (caller: Caller) => (await stage.limits(caller)).RealtimeThreadsUsed;

test('two users whose floods wait at polkit keep a third from nothing', async () => {
  const [alice, bob, carol] = [await stage.caller(), await stage.caller('bob'), await stage.caller('carol')];
  const [watcher, other, third] = [await stage.caller(), await stage.caller('bob'), await stage.caller('carol')];
  await stage.rig.pausePolkit();
  await Promise.all([flood(alice), flood(bob)]);
  await expect.poll(async () => [await used(watcher), await used(other)], { interval: 5 }).toEqual([64, 64]);

  const asked = ask(rtkitFace, realtime(carol, 0, 5));
  await expect.poll(() => used(third), { interval: 5 }).toBe(1);
  stage.rig.resumePolkit();
  expect(await asked).toMatchObject({ ok: true });
  await expect.poll(async () => (await stage.grants()).length, { interval: 5 }).toBe(65);
  expect(await used(other)).toBe(0);
  expect(await stage.property('Degraded')).toEqual([]);
});

test('what a hung polkit never answered keeps nobody from being answered when it goes on', async () => {
  const [watcher, carol] = [await stage.caller(), await stage.caller('carol')];
  await stage.rig.pausePolkit();
  for (let round = 0; round < 2; round++) {
    await flood(await stage.caller());
    await flood(await stage.caller('bob'));
    await expect.poll(() => used(watcher), { timeout: 2 * deadlineMsec }).toBe(0);
  }
  expect(await stage.property('Degraded')).toEqual(['polkit-unavailable']);

  const asked = ask(ownFace, realtime(carol, 0, 5));
  stage.rig.resumePolkit();
  expect(await asked).toMatchObject({ ok: true });
  expect(await stage.property('Degraded')).toEqual([]);
});

for (const face of [ownFace, rtkitFace])
  test(`a process that ends while polkit is asked about it is no fault of polkit's on ${face.name}`, async () => {
    const [alice, subject, watcher] = [await stage.caller(), await stage.caller(), await stage.caller()];
    await stage.rig.pausePolkit();
    const asked = ask(face, realtime(alice, 0, 5, subject.pid));
    await expect.poll(() => used(watcher), { interval: 5 }).toBe(1);
    await subject.stop();
    stage.rig.resumePolkit();
    expect(await asked).toMatchObject({ ok: false });
    expect(await stage.property('Degraded')).toEqual([]);
  });
