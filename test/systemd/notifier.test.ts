import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as datagrams from '../../src/journal/libc.ts';
import { Notifier } from '../../src/systemd/notifier.ts';
import { Receiver } from '../journal/kernel.ts';

const dir = mkdtempSync(join(tmpdir(), 'notifier-'));
afterAll(() => rmSync(dir, { recursive: true }));

let sockets = 0;
const told = (receiver: Receiver): string[] => [...receiver.receiveAll()].map(String);

for (const kind of ['in the file system', 'abstract'] as const)
  describe(`a service manager whose socket is ${kind}`, () => {
    const place = () => (kind === 'abstract' ? `@${dir}/${++sockets}` : join(dir, `${++sockets}`));

    test('hears that we are ready, reload, are ready again, and end', () => {
      const path = place();
      using receiver = new Receiver(path);
      const notifier = new Notifier(datagrams, { NOTIFY_SOCKET: path });
      notifier.ready();
      const beforeUsec = process.hrtime.bigint() / 1000n;
      notifier.reloading();
      notifier.ready();
      notifier.stopping();
      const [ready, reloading = '', again, stopping, ...more] = told(receiver);
      expect([ready, again, stopping, more]).toEqual(['READY=1', 'READY=1', 'STOPPING=1', []]);
      const [, usec = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading) ?? [];
      expect(BigInt(usec) - beforeUsec).toBeLessThan(1_000_000n);
      expect(BigInt(usec)).toBeGreaterThanOrEqual(beforeUsec);
    });

    test('hears the last status of many', async () => {
      const path = place();
      using receiver = new Receiver(path);
      const notifier = new Notifier(datagrams, { NOTIFY_SOCKET: path });
      for (const threads of [1, 2, 3]) notifier.status({ threads, processes: 1, users: 1 });
      await expect
        .poll(() => told(receiver), { timeout: 5000 })
        .toEqual(['STATUS=Threads granted: 3 (processes: 1, users: 1).']);
      notifier.status({ threads: 3, processes: 1, users: 1 });
      notifier.stopping();
      expect(told(receiver)).toEqual(['STOPPING=1']);
    });
  });

test('one that is behind with reading hears it later, in order, and none of it waits', async () => {
  const path = join(dir, `${++sockets}`);
  using receiver = new Receiver(path);
  const notifier = new Notifier(datagrams, { NOTIFY_SOCKET: path });
  const fd = datagrams.openSocket();
  while (datagrams.send(fd, Buffer.from('noise'), datagrams.addressOf(path)) >= 0);
  notifier.ready();
  notifier.stopping();
  expect(told(receiver).filter((message) => message !== 'noise')).toEqual([]);
  await expect.poll(() => told(receiver).join(' '), { timeout: 5000 }).toBe('READY=1 STOPPING=1');
});

test('one that is gone, or none at all, is not missed', () => {
  for (const environment of [{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: join(dir, 'gone') }]) {
    const notifier = new Notifier(datagrams, environment);
    notifier.ready();
    notifier.status({ threads: 1, processes: 1, users: 1 });
    notifier.stopping();
  }
});

describe('the watchdog', () => {
  const pings = async (environment: { WATCHDOG_USEC?: string; WATCHDOG_PID?: string }, blockedMsec: number) => {
    const path = join(dir, `${++sockets}`);
    using receiver = new Receiver(path);
    new Notifier(datagrams, { NOTIFY_SOCKET: path, ...environment });
    const start = performance.now();
    while (performance.now() - start < blockedMsec);
    const whileBlocked = told(receiver);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { whileBlocked, afterwards: new Set(told(receiver)) };
  };

  test('is told that the event loop turns, when it does, and not when it does not', async () => {
    const { whileBlocked, afterwards } = await pings({ WATCHDOG_USEC: '40000', WATCHDOG_PID: `${process.pid}` }, 200);
    expect(whileBlocked).toEqual([]);
    expect(afterwards).toEqual(new Set(['WATCHDOG=1']));
  });

  test('is told nothing when there is none, it waits for another process, or makes no sense', async () => {
    for (const environment of [{}, { WATCHDOG_USEC: '40000', WATCHDOG_PID: '1' }, { WATCHDOG_USEC: 'soon' }])
      expect((await pings(environment, 0)).afterwards).toEqual(new Set());
  });
});
