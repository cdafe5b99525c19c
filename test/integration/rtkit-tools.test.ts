import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rtkitFace } from '../rig/caller.ts';
import { copied } from '../rig/client.ts';
import { look } from '../rig/kernel.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({}, { services: () => ({ [rtkitFace.name]: '/bin/false' }) });
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

  test.process.stdin.end();
  expect(await test.exited).toEqual({ code: 0, signal: null });
  expect(test.lines.map((line) => line.trim())).toEqual(
    expect.arrayContaining(['SCHED_OTHER with nice level: -10', 'SCHED_RR with priority 10']),
  );
});

const ordinary = { policy: 'other', priority: 0, nice: 0 };

/** A worker at realtime priority 5, and a main thread at nice -5. */
async function granted(on = stage): Promise<readonly number[]> {
  const alice = await on.caller();
  const worker = await alice.thread();
  dataOf(await ask(rtkitFace, realtime(alice, worker, 5)));
  dataOf(await ask(rtkitFace, highPriority(alice, 0, -5)));
  return [worker, alice.pid];
}

test('C36 C37 rtkitctl --reset-known demotes all that were granted anything, if it is root who wants that', async () => {
  const tids = await granted();
  expect(await stage.rig.rtkitctl('--reset-known', 'alice')).toMatchObject({ code: 1 });
  expect(tids.map(look)).toMatchObject([{ policy: 'rr', priority: 5 }, { nice: -5 }]);
  expect(await stage.rig.rtkitctl('--reset-known')).toMatchObject({ code: 0 });
  expect(tids.map(look)).toMatchObject([ordinary, ordinary]);
});

test('C37 rtkitctl --start finds it running', async () => {
  expect(await stage.rig.rtkitctl('--start', 'alice')).toMatchObject({ code: 0, stderr: '' });
});

const { name, path } = rtkitFace;
const busctl = (user: UserName, member: string, ...args: (string | number)[]) =>
  stage.rig.busctl(['call', '--', name, path, name, member, ...args.map(String)], user);
const gdbus = (member: string, ...args: (string | number)[]) =>
  stage.rig.gdbus(
    ['call', '--system', '-d', name, '-o', path, '-m', `${name}.${member}`, '--', ...args.map(String)],
    'alice',
  );

for (const [tool, call] of [
  ['busctl', (member: string, types: string, ...args: number[]) => busctl('alice', member, types, ...args)],
  ['gdbus', (member: string, _types: string, ...args: number[]) => gdbus(member, ...args)],
] as const)
  test(`C13 C14 C16 ${tool} can ask for both`, async () => {
    const alice = await stage.caller();
    const thread = await alice.thread();
    expect(await call('MakeThreadRealtimeWithPID', 'ttu', alice.pid, thread, 9)).toMatchObject({ code: 0 });
    expect(look(thread)).toMatchObject({ policy: 'rr', priority: 9, resetOnFork: true, nice: 0 });
    expect(await call('MakeThreadHighPriorityWithPID', 'tti', alice.pid, thread, -7)).toMatchObject({ code: 0 });
    expect(look(thread)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -7 });
  });

test('C35 C37 what rtkitctl of rtkit 0.14 has besides: --suspend demotes all, and --resume gives it back', async () => {
  const tids = await granted();
  expect(await busctl('alice', 'Suspend')).toMatchObject({ code: 1 });
  expect(await busctl('root', 'Suspend')).toMatchObject({ code: 0 });
  expect(tids.map(look)).toMatchObject([ordinary, ordinary]);
  expect(await busctl('root', 'Resume')).toMatchObject({ code: 0 });
  expect(tids.map(look)).toMatchObject([{ policy: 'rr', priority: 5 }, { nice: -5 }]);
});

test('C36 C37 rtkitctl --exit ends it in peace, with nobody realtime any more', async () => {
  const own = await Stage.start();
  const tids = await granted(own);
  expect(await own.rig.rtkitctl('--exit', 'alice')).toMatchObject({ code: 1 });
  expect(await own.rig.rtkitctl('--exit')).toMatchObject({ code: 0 });
  expect(await own.broker.exited).toEqual({ code: 0, signal: null });
  expect(tids.map(look)).toMatchObject([ordinary, ordinary]);
  await own.stop();
});
