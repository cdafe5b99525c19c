import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { serve } from '../../src/bus/service.ts';
import { messageFlags } from '../../src/bus/wire.ts';
import { Health } from '../../src/core/health.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import { FakeBroker } from './fake-broker.ts';
import { FakeDaemon, type Sent } from './fake-daemon.ts';
import { FakeJournal } from './fake-journal.ts';

const own = { path: '/org/example/RealtimeBroker', interface: 'org.example.RealtimeBroker' };
const rtkit = { path: '/org/freedesktop/RealtimeKit1', interface: 'org.freedesktop.RealtimeKit1' };
const interactive = { flags: messageFlags.allowInteractiveAuthorization };

let daemon: FakeDaemon;
let broker: FakeBroker;
beforeEach(async () => {
  daemon = new FakeDaemon();
  broker = new FakeBroker();
  const settings = { rulebook: new Rulebook(defaultLimits), version: '1', realtimekit1: true, exit: () => {} };
  await serve(new Connection(daemon), { broker, health: new Health(), journal: new FakeJournal(), ...settings });
});
const call = (sent: Sent) => daemon.call(':1.7', sent);

const target = { process: 4242n, thread: 4243n };
const ids = { signature: 'tt', body: [4242n, 4243n] };
const explain = { member: 'Explain', signature: 'ttu', body: [4242n, 4243n, 10] };
const rows: readonly (readonly [sent: Sent & { readonly member: string }, told: readonly unknown[]])[] = [
  [explain, ['explain', ':1.7', target, { kind: 'realtime', priority: 10 }]],
  [{ member: 'ReleaseThread', ...ids }, ['release', ':1.7', target]],
  [{ member: 'DemoteThread', ...ids }, ['demote', ':1.7', target]],
  [{ member: 'DemoteAll' }, ['demoteAll', ':1.7']],
  [{ member: 'Reload' }, ['reload', ':1.7']],
];

for (const [sent, told] of rows)
  describe(sent.member, () => {
    for (const [flags, patience] of [
      [{}, 'usual'],
      [interactive, 'interactive'],
    ] as const)
      test(`reaches the broker, ${patience}`, async () => {
        expect(await call({ ...own, ...sent, ...flags })).not.toHaveProperty('error');
        expect(broker.told).toEqual([[...told, patience]]);
      });

    test('is none of the other face', async () => {
      const error = 'org.freedesktop.DBus.Error.UnknownMethod';
      expect(await call({ ...rtkit, ...sent })).toMatchObject({ error });
      expect(broker.told).toEqual([]);
    });
  });

describe('Explain answers', () => {
  test('yes with nothing more', async () =>
    expect(await call({ ...own, ...explain })).toEqual({ signature: 'bss', body: [true, '', ''] }));

  test('no with the word and the sentences of the refusal', async () => {
    broker.refusal = { reason: 'priority-above-limit', priority: 10, max: 5 };
    expect(await call({ ...own, ...explain })).toEqual({
      signature: 'bss',
      body: [
        false,
        'priority-above-limit',
        'Priority 10 is above the limit of 5. Ask for at most 5, or raise limits.realtime_priority_max.',
      ],
    });
  });
});

describe('that a person may be asked for a password', () => {
  const request = { member: 'MakeThreadRealtime', signature: 'tu', body: [0n, 1] };
  for (const [title, sent, patience] of [
    ['goes with a request', { ...own, ...request, ...interactive }, 'interactive'],
    ['is not taken for granted', { ...own, ...request }, 'usual'],
    ["is never so on rtkit's interface", { ...rtkit, ...request, ...interactive }, 'usual'],
    ['goes with ListGrants', { ...own, member: 'ListGrants', ...interactive }, 'interactive'],
    ['goes with Subscribe', { ...own, member: 'Subscribe', ...interactive }, 'interactive'],
  ] as const)
    test(title, async () => {
      await call(sent);
      expect(broker.patience).toEqual([patience]);
    });
});
