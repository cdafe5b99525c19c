import { afterEach, expect, test } from 'vitest';
import { Receiver } from '../journal/kernel.ts';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

// What a service manager hears of the real daemon, by sd_notify(3).

let socket: Receiver | undefined;
afterEach(() => socket?.[Symbol.dispose]());

const watched = async (watchdogUsec = '0') => {
  const path = `@realtime-broker-${process.pid}-${Math.random()}`;
  const receiver = new Receiver(path);
  socket = receiver;
  const stage = await Stage.start({}, {}, { env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: watchdogUsec } });
  return { stage, told: () => [...receiver.receiveAll()].map(String) };
};

test('it is ready when it owns both names, says what is out, and says when it ends', async () => {
  const { stage, told } = await watched();
  await expect.poll(told).toContain('READY=1');
  const alice = await stage.caller();
  dataOf(await ask(ownFace, realtime(alice, 0, 5)));
  await expect.poll(told).toEqual(['STATUS=Threads granted: 1 (processes: 1, users: 1).']);
  stage.broker.signal('SIGTERM');
  expect(await stage.broker.exited).toEqual({ code: 0, signal: null });
  expect(told()).toContain('STOPPING=1');
  await stage.stop();
});

test('it says when it reads its configuration anew, and since when', async () => {
  const { stage, told } = await watched();
  await expect.poll(told).toContain('READY=1');
  const beforeUsec = process.hrtime.bigint() / 1000n;
  dataOf(await stage.root.call(ownFace, 'Reload'));
  const messages = told();
  expect(messages).toEqual([expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/), 'READY=1']);
  const usec = BigInt(/MONOTONIC_USEC=(\d+)/.exec(messages[0] ?? '')?.[1] ?? 0);
  expect(usec >= beforeUsec && usec <= process.hrtime.bigint() / 1000n).toBe(true);
  await stage.stop();
});

test('one that does not get the names is never ready', async () => {
  const { stage, told } = await watched();
  await expect.poll(told).toContain('READY=1');
  for (const { name } of [ownFace, rtkitFace])
    await expect(stage.rig.startBroker({ stateDir: `${stage.rig.dir}/other`, names: [name] })).rejects.toThrow();
  expect(told().filter((message) => message.startsWith('READY'))).toEqual([]);
  await stage.stop();
});

test('the watchdog is told while the event loop turns, and nothing while it stands still', async () => {
  const { stage, told } = await watched('200000');
  await expect.poll(told).toContain('WATCHDOG=1');
  stage.broker.signal('SIGSTOP');
  const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));
  await pause(50);
  told();
  await pause(500);
  expect(told()).toEqual([]);
  stage.broker.signal('SIGCONT');
  await expect.poll(told).toContain('WATCHDOG=1');
  await stage.stop();
});
