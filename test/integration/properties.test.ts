import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, type Face, ownFace, rtkitFace } from '../rig/caller.ts';
import { standardError } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ 'limits.realtime_priority_max': 30, 'limits.rttime_usec_max': 150_000 });
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const properties = (face: Face): Face => ({ ...face, interface: 'org.freedesktop.DBus.Properties' });

const rtkits = { RTTimeUSecMax: ['x', 150_000], MaxRealtimePriority: ['i', 30], MinNiceLevel: ['i', -15] } as const;
const ours = {
  Version: ['s', expect.stringMatching(/^\d+\.\d+\.\d+/)],
  ...rtkits,
  ThreadCount: ['u', 0],
  ProcessCount: ['u', 0],
  UserCount: ['u', 0],
  Starved: ['b', false],
  Degraded: ['as', []],
} as const;

for (const [face, table] of [
  [ownFace, ours],
  [rtkitFace, rtkits],
] as const)
  describe(`properties of ${face.name}`, () => {
    const shown = Object.entries(table).map(([name, [type, data]]) => [name, { type, data }] as const);

    test('have their types, each by itself', async () => {
      const bob = await stage.caller('bob');
      for (const [name, value] of shown)
        expect(await bob.call(properties(face), 'Get', 'ss', face.name, name)).toMatchObject({
          type: 'v',
          data: [value],
        });
    });

    test('have their types and their order, all together', async () => {
      const bob = await stage.caller('bob');
      const reply = await bob.call(properties(face), 'GetAll', 's', face.name);
      expect(reply).toMatchObject({ type: 'a{sv}', data: [Object.fromEntries(shown)] });
      expect(Object.keys(dataOf(reply)[0] as object)).toEqual(Object.keys(table));
    });

    test('cannot be set', async () => {
      for (const [name, [type]] of Object.entries(table)) {
        const reply = await stage.root.call(
          properties(face),
          'Set',
          'ssv',
          face.name,
          name,
          type,
          ...(type === 's' ? ["''"] : [0]),
        );
        const error = face === ownFace ? 'PropertyReadOnly' : 'UnknownMethod';
        expect(reply).toMatchObject({ ok: false, error: standardError(error) });
      }
    });
  });

describe('ListGrants', () => {
  const who = ['Uid u', 'Process u', 'Thread u', 'Comm s', 'Program s', 'Kind s', 'Policy s'];
  const how = [
    'ActualPolicy s',
    'ActualPriority i',
    'State s',
    'Reason s',
    'OverLimit s',
    'GrantedAtUSec t',
    'CpuUSec t',
  ];
  const keysOf = (grant: unknown) =>
    Object.entries(grant as Record<string, { type: string }>).map(([key, { type }]) => `${key} ${type}`);

  test('has these keys, of these types', async () => {
    const alice = await holding('alice', 1);
    const reply = await alice.call(ownFace, 'ListGrants');
    expect(reply).toMatchObject({ type: 'aa{sv}' });
    const [rr, nice] = dataOf(reply)[0] as unknown[];
    expect(keysOf(rr)).toEqual([...who, 'Priority i', ...how]);
    expect(keysOf(nice)).toEqual([...who, 'Nice i', ...how]);
  });

  test('tells the truth', async () => {
    const fromUsec = Date.now() * 1000;
    const alice = await holding('alice', 1);
    const [grant] = dataOf(await alice.call(ownFace, 'ListGrants'))[0] as [Record<string, { data: number }>];
    expect(grant).toMatchObject({ Comm: { data: 'caller' }, Program: { data: `${stage.rig.dir}/caller` } });
    expect(grant.GrantedAtUSec!.data).toBeGreaterThanOrEqual(fromUsec);
    expect(grant.GrantedAtUSec!.data).toBeLessThanOrEqual(Date.now() * 1000 + 1000);
    expect(grant.CpuUSec!.data).toBeGreaterThan(0);
    expect(grant.CpuUSec!.data).toBeLessThan(1_000_000);
  });

  test("shows each user's own to him, and everybody's to root", async () => {
    const [alice, carol, bob] = [await holding('alice', 2), await holding('carol', 1), await stage.caller('bob')];
    const uids = async (caller: Caller) => (await stage.grants(caller)).map(({ Uid }) => Uid);
    expect(await uids(alice)).toEqual([4201, 4201, 4201, 4201]);
    expect(await uids(carol)).toEqual([4203, 4203]);
    expect(await uids(bob)).toEqual([]);
    expect((await uids(stage.root)).sort()).toEqual([4201, 4201, 4201, 4201, 4203, 4203]);
  });
});

describe('GetLimits', () => {
  test('has these keys, of these types', async () => {
    const bob = await stage.caller('bob');
    const reply = await bob.call(ownFace, 'GetLimits');
    expect(reply).toMatchObject({ type: 'a{sv}' });
    expect(dataOf(reply)[0]).toEqual({
      RefusedBy: { type: 's', data: '' },
      RTTimeUSecMax: { type: 'x', data: 150_000 },
      RTTimeUSecMin: { type: 'x', data: 10_000 },
      MaxRealtimePriority: { type: 'i', data: 30 },
      MinNiceLevel: { type: 'i', data: -15 },
      ProcessesMax: { type: 'u', data: 64 },
      ProcessesUsed: { type: 'u', data: 0 },
      RealtimeThreadsMax: { type: 'u', data: 128 },
      RealtimeThreadsUsed: { type: 'u', data: 0 },
      RealtimeThreadsPerProcessMax: { type: 'u', data: 128 },
      HighPriorityThreadsMax: { type: 'u', data: 512 },
      HighPriorityThreadsUsed: { type: 'u', data: 0 },
      HighPriorityThreadsPerProcessMax: { type: 'u', data: 512 },
      BurstRequests: { type: 'u', data: 10_000 },
      BurstRequestsLeft: { type: 'u', data: 10_000 },
      BurstRefillPerSec: { type: 'd', data: 10_000 },
      BurstRequestsPerProcess: { type: 'u', data: 10_000 },
      BurstRefillPerSecPerProcess: { type: 'd', data: 10_000 },
    });
  });

  test("counts the user's own grants", async () => {
    const [alice, carol] = [await holding('alice', 2), await holding('carol', 1)];
    await holding('alice', 1);
    const used = async (caller: Caller) => {
      const { ProcessesUsed, RealtimeThreadsUsed, HighPriorityThreadsUsed } = await stage.limits(caller);
      return [ProcessesUsed, RealtimeThreadsUsed, HighPriorityThreadsUsed];
    };
    expect(await used(alice)).toEqual([2, 3, 3]);
    expect(await used(carol)).toEqual([1, 1, 1]);
    expect(await used(stage.root)).toEqual([0, 0, 0]);
  });
});

/** A caller that is granted so many threads of each kind. */
async function holding(user: 'alice' | 'carol', threads: number): Promise<Caller> {
  const caller = await stage.caller(user, 150_000);
  for (let thread = 0; thread < threads; thread++) {
    dataOf(await ask(ownFace, realtime(caller, await caller.thread(), 5)));
    dataOf(await ask(ownFace, highPriority(caller, await caller.thread(), -5)));
  }
  return caller;
}
