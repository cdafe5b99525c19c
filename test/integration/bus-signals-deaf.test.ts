import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import { serve } from '../../src/bus/service.ts';
import { Health } from '../../src/core/health.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import type { Uid } from '../../src/core/thread.ts';
import { aView, FakeBroker } from '../bus/fake-broker.ts';
import { FakeJournal } from '../bus/fake-journal.ts';
import { type Caller, type Face, ownFace } from '../rig/caller.ts';
import { type Rig, startRig } from '../rig/rig.ts';

// A bus that holds no more than a megabyte for who does not read, and a broker with a lot to say.

const bus: Face = { name: 'org.freedesktop.DBus', path: '/', interface: 'org.freedesktop.DBus' };
const peer: Face = { ...ownFace, interface: 'org.freedesktop.DBus.Peer' };
const [rounds, perRound] = [100, 100];

let rig: Rig;
let connection: Connection;
const broker = new FakeBroker();
const journal = new FakeJournal();
beforeAll(async () => {
  rig = await startRig({ withPolkit: false, busConfig: '<limit name="max_outgoing_bytes">1000000</limit>' });
  connection = await connectBus(rig.address);
  const settings = { rulebook: new Rulebook(defaultLimits), version: '1', realtimekit1: true, exit: () => {} };
  await serve(connection, { broker, health: new Health(), journal, ...settings });
});
afterAll(async () => {
  connection.close();
  await rig.stop();
});

const subscribed = async (): Promise<Caller> => {
  const caller = await rig.spawnCaller('alice');
  expect(await caller.call(ownFace, 'Subscribe')).toMatchObject({ ok: true });
  return caller;
};
/** How many it has been sent since this was last asked. */
const sentTo = async (caller: Caller): Promise<number> =>
  (await caller.signals()).filter((signal) => signal.interface === ownFace.name).length;

test('a subscriber who does not read loses some of it, and costs nobody else anything', async () => {
  const [deaf, reader, bystander] = [await subscribed(), await subscribed(), await rig.spawnCaller('bob')];
  const { thread } = aView.grant;
  const process = { ...thread.process, uid: rig.users.alice.uid as Uid };
  const grant = { ...aView.grant, thread: { ...thread, process } };

  let heard = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < perRound; i++) broker.onNews({ kind: 'removed', grant, reason: 'ended' });
    // Answers come behind all that was said before: whoever has one knows that nothing is left here.
    expect(await reader.call(peer, 'Ping')).toMatchObject({ ok: true });
    heard += await sentTo(reader);
  }
  expect(heard).toBe(rounds * perRound);
  expect(await bystander.call(peer, 'Ping')).toMatchObject({ ok: true });

  // The bus itself has a place for its answer as soon as something is read, and gives it last.
  let overheard = await sentTo(deaf);
  expect(await deaf.call(bus, 'GetId')).toMatchObject({ ok: true });
  overheard += await sentTo(deaf);
  expect(overheard).toBeGreaterThan(0);
  expect(overheard).toBeLessThan(heard / 2);
  broker.onNews({ kind: 'restored', grant });
  expect(await deaf.call(peer, 'Ping')).toMatchObject({ ok: true });
  expect(await deaf.signals()).toMatchObject([{ member: 'ThreadRestored' }]);
  expect(journal.lines).toEqual([]);
});
