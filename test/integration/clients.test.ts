import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { defaultPatience, Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start(defaultPatience, { services: () => ({ [rtkitFace.name]: '/bin/false' }) });
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

test("C16 C29 C32 Firefox has its sandboxed child's thread promoted, and its own", async () => {
  const firefox = await stage.client('firefox');
  const [childs = 0] = await firefox.reach("the child's thread");
  expect(look(childs)).toMatchObject({
    ...{ policy: 'rr', priority: 10, resetOnFork: true, nice: 0 },
    ...{ rttimeSoft: 50_000, rttimeHard: 200_000 },
  });

  const [own = 0] = await firefox.reach('a thread of its own');
  expect(look(own)).toMatchObject({ policy: 'rr', priority: 10, resetOnFork: true, nice: 0, rttimeHard: 200_000 });
  expect(await stage.grants()).toHaveLength(2);

  await firefox.reach('demoted by itself');
  expect(look(own)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: 0 });
  const shown = (await stage.grants()).map(({ Thread, State }) => ({ Thread, State }));
  expect(shown).toContainEqual({ Thread: childs, State: 'active' });
  expect(shown).not.toContainEqual({ Thread: own, State: 'active' });

  const limits = ['Get MaxRealtimePriority', 'Get RTTimeUSecMax'];
  expect(firefox.calls).toEqual([
    ...limits,
    ...[...limits, ...limits, 'MakeThreadRealtimeWithPID'],
    ...[...limits, ...limits, 'MakeThreadRealtime'],
  ]);
  expect(firefox.errors).toEqual([]);
});

test('C9 C11 C21 C22 mutter leaves realtime by nice 0 while it sets the mode, and comes back', async () => {
  const mutter = await stage.client('mutter');
  for (const _ of ['once', 'again']) {
    const [realtime = 0] = await mutter.reach('realtime');
    expect(look(realtime)).toMatchObject({ policy: 'rr', priority: 20, resetOnFork: true, rttimeHard: 200_000 });
    await mutter.reach('setting the mode');
    expect(look(realtime)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: 0 });
  }

  const [nice = 0] = await mutter.reach('high priority');
  expect(look(nice)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -15 });
  await mutter.reach('normal');
  expect(look(nice)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: 0 });
  expect(await stage.grants()).toEqual([]);

  expect(mutter.calls).toEqual([
    ...['GetNameOwner', 'GetAll'],
    ...['MakeThreadRealtime', 'MakeThreadHighPriority', 'MakeThreadRealtime', 'MakeThreadHighPriority'],
    ...['MakeThreadHighPriority', 'MakeThreadHighPriority'],
  ]);
  expect(mutter.errors).toEqual([]);
});

test('C2 C24 a PipeWire to come asks before it has set its limit, and only if somebody is there', async () => {
  const pipewire = await stage.client('pipewire');
  const [data = 0, main = 0] = await pipewire.reach('its data thread and its main thread');
  expect(look(data)).toMatchObject({ policy: 'rr', priority: 20, resetOnFork: true, nice: 0, rttimeHard: 200_000 });
  expect(look(main)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -11 });
  expect(pipewire.calls[0]).toBe('NameHasOwner');
  expect(pipewire.errors).toEqual([]);
});
