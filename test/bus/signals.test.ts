import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { serve } from '../../src/bus/service.ts';
import { describeGrant, describePastGrant } from '../../src/bus/views.ts';
import type { Dictionary } from '../../src/bus/wire.ts';
import { Health } from '../../src/core/health.ts';
import type { Grant } from '../../src/core/ledger.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import type { Tid, Uid } from '../../src/core/thread.ts';
import type { News } from '../../src/ports.ts';
import { aView, FakeBroker } from './fake-broker.ts';
import { FakeDaemon, settled } from './fake-daemon.ts';
import { FakeJournal } from './fake-journal.ts';

const own = { path: '/org/example/RealtimeBroker', interface: 'org.example.RealtimeBroker' };
const [alice, bob, root] = [':1.7', ':1.8', ':1.9'];

let daemon: FakeDaemon;
let broker: FakeBroker;
let journal: FakeJournal;
beforeEach(async () => {
  daemon = new FakeDaemon();
  broker = new FakeBroker();
  journal = new FakeJournal();
  daemon.people.set(alice, { uid: 1000, pid: 1 }).set(bob, { uid: 1001, pid: 2 }).set(root, { uid: 0, pid: 3 });
  const settings = { rulebook: new Rulebook(defaultLimits), version: '1', realtimekit1: true, exit: () => {} };
  await serve(new Connection(daemon), { broker, health: new Health(), journal, ...settings });
});

const call = (sender: string, member: string) => daemon.call(sender, { ...own, member });
const subscribe = async (...senders: string[]) => {
  for (const sender of senders) expect(await call(sender, 'Subscribe')).toEqual({ signature: '', body: [] });
};
const tell = async (news: News) => {
  broker.onNews(news);
  await settled();
  return daemon.signals.splice(0);
};

const { grant } = aView;
const bobs: Grant = {
  ...grant,
  thread: { ...grant.thread, process: { ...grant.thread.process, uid: 1001 as Uid } },
};
const plain = (dictionary: Dictionary) => dictionary.map(([key, [, value]]) => [key, value]);

describe('news of a grant', () => {
  const rows: readonly (readonly [title: string, news: News, member: string, signature: string, body: unknown])[] = [
    ['granted', { kind: 'granted', grant }, 'GrantAdded', 'a{sv}', [plain(describeGrant(aView))]],
    [
      'removed',
      { kind: 'removed', grant, reason: 'ended' },
      'GrantRemoved',
      'a{sv}s',
      [plain(describePastGrant(grant)), 'ended'],
    ],
    ['demoted', { kind: 'demoted', grant, reason: 'silence' }, 'ThreadDemoted', 'tts', [4242n, 4243n, 'silence']],
    ['restored', { kind: 'restored', grant }, 'ThreadRestored', 'tt', [4242n, 4243n]],
  ];
  for (const [title, news, member, signature, body] of rows)
    test(`that was ${title} goes to its user's subscribers and to root's, each by himself`, async () => {
      await subscribe(alice, bob, root);
      expect(await tell(news)).toEqual([alice, root].map((destination) => ({ member, destination, signature, body })));
    });

  test('goes to nobody who has not subscribed, and no thread is looked at in vain', async () => {
    for (const [, news] of rows) expect(await tell(news)).toEqual([]);
    await subscribe(bob);
    for (const [, news] of rows) expect(await tell(news)).toEqual([]);
    expect(await tell({ kind: 'restored', grant: bobs })).toMatchObject([{ destination: bob }]);
    expect(broker.viewed).toEqual([]);
  });

  test('goes to nobody who does not want it any more, or has gone', async () => {
    await subscribe(alice, root);
    expect(await call(alice, 'Unsubscribe')).toEqual({ signature: '', body: [] });
    expect(await call(bob, 'Unsubscribe')).toEqual({ signature: '', body: [] });
    daemon.leave(root);
    for (const [, news] of rows) expect(await tell(news)).toEqual([]);
    expect(daemon.rules).toEqual([]);
  });

  test('whose thread has gone already is none until it is removed', async () => {
    await subscribe(alice);
    broker.gone.add(grant.thread.tid);
    expect(await tell({ kind: 'granted', grant })).toEqual([]);
    expect(await tell({ kind: 'removed', grant, reason: 'ended' })).toHaveLength(1);
  });

  test('tells the names of threads no worse than the list does', async () => {
    await subscribe(alice);
    const evil = { ...grant, comm: '\u001b[2J\0\ud800', thread: { ...grant.thread, tid: 7 as Tid } };
    const [signal] = await tell({ kind: 'removed', grant: evil, reason: 'ended' });
    expect(signal?.body[0]).toContainEqual(['Comm', '\ufffd[2J\ufffd\ufffd']);
  });
});

test('that a CPU starves goes to everybody, subscribed or not', async () => {
  await subscribe(alice);
  const [signal] = await tell({ kind: 'starved', cpu: 3, lateUsec: 310_000 });
  expect(signal).toEqual({ member: 'Starved', destination: undefined, signature: 'ut', body: [3, 310_000n] });
});

test('that it has recovered is no signal of its own', async () => {
  await subscribe(alice, root);
  expect(await tell({ kind: 'recovered', cpu: 3 })).toEqual([]);
});

describe('Subscribe', () => {
  test('is refused with a sentence when there is no place left', async () => {
    for (let i = 0; i < 16; i++) {
      daemon.people.set(`:2.${i}`, { uid: 1000, pid: 1 });
      await subscribe(`:2.${i}`);
    }
    expect(await call(alice, 'Subscribe')).toEqual({
      error: 'org.freedesktop.DBus.Error.LimitsExceeded',
      text: '16 connections of this user subscribe already. Unsubscribe one before subscribing another.',
    });
    await subscribe(bob);
    expect(journal.lines).toEqual([]);
  });

  test('is answered when it holds, and not well when it cannot', async () => {
    daemon.silent = true;
    const serial = daemon.post(alice, { ...own, member: 'Subscribe' });
    await settled();
    expect(daemon.answersTo(serial)).toEqual([]);

    daemon.silent = false;
    daemon.failing.add('AddMatch');
    expect(await call(bob, 'Subscribe')).toMatchObject({ error: 'org.freedesktop.DBus.Error.Failed' });
    expect(await tell({ kind: 'restored', grant: bobs })).toEqual([]);
  });

  test('takes no arguments, and is none of the other face', async () => {
    const other = { path: '/org/freedesktop/RealtimeKit1', interface: 'org.freedesktop.RealtimeKit1' };
    for (const sent of [
      { ...own, member: 'Subscribe', signature: 's', body: ['x'] },
      { ...other, member: 'Subscribe' },
      { ...other, member: 'Unsubscribe' },
    ])
      expect(await daemon.call(alice, sent)).toMatchObject({ error: expect.any(String) });
    expect(await tell({ kind: 'restored', grant })).toEqual([]);
  });
});
