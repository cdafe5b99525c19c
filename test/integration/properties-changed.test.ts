import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage;
let monitor: Child;
beforeAll(async () => {
  stage = await Stage.start();
  const env = { DBUS_SYSTEM_BUS_ADDRESS: stage.rig.address };
  const command = ['gdbus', 'monitor', '--system', '--dest', ownFace.name, '--object-path', ownFace.path];
  monitor = await Child.start('gdbus monitor', command, { env, user: stage.rig.users.bob });
  await monitor.line(/^The name .* is owned by/);
});
afterAll(async () => {
  await monitor.stop();
  await stage.stop();
});

/** What the number of threads was said to be, the latest last. */
const told = () => monitor.lines.flatMap((line) => /'ThreadCount': <(?:uint32 )?(\d+)>/.exec(line)?.[1] ?? []);

test('the counts are told to everybody, up and down', async () => {
  const alice = await stage.caller();
  dataOf(await ask(ownFace, realtime(alice, 0, 5)));
  const all = (count: number) =>
    `'ThreadCount': <uint32 ${count}>, 'ProcessCount': <uint32 ${count}>, 'UserCount': <uint32 ${count}>`;
  await monitor.line(new RegExp(`PropertiesChanged \\('${ownFace.name}', {${all(1)}}, @as \\[\\]\\)`));
  dataOf(await ask(ownFace, highPriority(alice, await alice.thread(), -5)));
  await monitor.line(/{'ThreadCount': <uint32 2>}/);
  await alice.stop();
  await monitor.line(new RegExp(`{${all(0)}}`));
});

test('twice a second at most, and the truth in the end', async () => {
  const alice = await stage.caller();
  const from = told().length;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  for (let round = 0; seconds() < 1.6; round++) {
    const tid = await alice.thread();
    dataOf(await ask(ownFace, highPriority(alice, tid, -5)));
    if (round % 8 !== 0) await alice.end(tid);
  }
  await alice.stop();
  await expect.poll(() => told().at(-1), { timeout: 3000 }).toBe('0');
  const signals = told().length - from;
  expect(signals).toBeGreaterThanOrEqual(3);
  expect(signals).toBeLessThanOrEqual(2 * seconds() + 2);
});

test('that polkit cannot be asked, until it can', async () => {
  const alice = await stage.caller();
  const from = monitor.lines.length;
  await stage.rig.stopPolkit();
  expect(await ask(ownFace, realtime(alice, 0, 5))).toMatchObject({ ok: false });
  await monitor.line(/{'Degraded': <\['polkit-unavailable'\]>}/, { from });
  await stage.rig.startPolkit();
  dataOf(await ask(ownFace, realtime(alice, 0, 5)));
  await monitor.line(/'Degraded': <@as \[\]>/, { from });
});
