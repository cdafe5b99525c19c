import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aloneOnTheCpu } from '../../rig/alone.ts';
import type { Child } from '../../rig/child.ts';
import { hog, Load } from '../../rig/load.ts';
import {
  as,
  eventually,
  type Grant,
  grants,
  mainPid,
  makeRealtime,
  ordinary,
  ownFace,
  realtime,
  run,
  said,
  scheduling,
  shown,
  sleeper,
} from './machine.ts';

const dropIn = '/run/systemd/system/realtime-broker.service.d';
const rule = '/etc/polkit-1/rules.d/50-test.rules';
const exceptions = `
[[rule]]
executable = "/usr/local/bin/play"
realtime_priority_max = 3

[[rule]]
unit = "limited.service"
realtime_priority_max = 4
`;
let broker = 0;

const byTid = async (tid: number): Promise<Grant | undefined> => (await grants()).find((grant) => grant.tid === tid);

describe('locked into what it needs,', () => {
  /** A system call that the unit leaves out ends the broker at once, and so is noticed; but for what libuv tries in vain. */
  beforeAll(async () => {
    mkdirSync('/etc/realtime-broker', { recursive: true });
    writeFileSync('/etc/realtime-broker/realtime-broker.toml', exceptions);
    await said('install -m 755 /usr/bin/sleep /usr/local/bin/play');
    await said('mkdir -p /usr/lib/modules && touch /usr/lib/modules/outside /tmp/outside');
    const tried = 'io_uring_setup io_uring_enter io_uring_register';
    mkdirSync(dropIn, { recursive: true });
    writeFileSync(`${dropIn}/strict.conf`, `[Service]\nSystemCallErrorNumber=kill\nSystemCallFilter=${tried}\n`);
    writeFileSync(
      rule,
      "polkit.addRule(function (action, subject) { if (subject.user === 'alice') return polkit.Result.YES; });",
    );
    await said('systemctl daemon-reload && systemctl restart realtime-broker');
    broker = await mainPid();
  });

  afterAll(async () => {
    rmSync(dropIn, { recursive: true });
    rmSync(rule);
    rmSync('/etc/realtime-broker', { recursive: true });
    await said('systemctl daemon-reload');
  });

  test('it has no more than that', async () => {
    const root = `/proc/${broker}/root`;
    const mounts = await said(`cut -d' ' -f5,6 /proc/${broker}/mountinfo`);
    // ProtectSystem=, ProtectKernelTunables=, ProtectControlGroups=: to be looked at alone, but for its own directory.
    for (const place of ['/', '/usr', '/etc'])
      expect(await run(`touch ${root}${place}/try`)).toMatchObject({ stderr: expect.stringContaining('Read-only') });
    for (const place of ['/proc/sys', '/sys/fs/cgroup']) expect(mounts).toMatch(new RegExp(`^${place} ro,`, 'm'));
    expect(mounts).toMatch(/^\/run\/realtime-broker rw,/m);
    // ProtectHome=, PrivateTmp=, ProtectKernelModules=
    for (const file of ['/home/alice', '/tmp/outside', '/usr/lib/modules/outside'])
      expect([file, existsSync(file), (await run(`test -e ${root}${file}`)).code]).toEqual([file, true, 1]);
    // PrivateDevices=, ProtectKernelLogs=
    expect(statSync(`${root}/dev`).dev).not.toBe(statSync('/dev').dev);
    expect(await said(`ls ${root}/dev`)).not.toMatch(/^(kmsg|fuse|net|rtc.*|vhost.*)$/m);
    // PrivateNetwork=, PrivateIPC=, ProtectHostname=
    for (const space of ['net', 'ipc', 'uts', 'mnt'])
      expect([space, await said(`readlink /proc/${broker}/ns/${space}`)]).not.toEqual([
        space,
        await said(`readlink /proc/1/ns/${space}`),
      ]);
  });

  test('CapabilityBoundingSet=: a thread of an ordinary user is promoted, and what it runs is known', async () => {
    const pid = await sleeper('alice');
    await said(as('alice', makeRealtime(pid, 11)));
    expect(await scheduling(pid)).toBe(realtime(11));
    expect(await byTid(pid)).toMatchObject({ program: '/usr/bin/sleep', comm: 'sleep' });
  });

  test('CapabilityBoundingSet=, RestrictNamespaces=: ids of another PID namespace are translated', async () => {
    const script = `/run/inner.sh`;
    writeFileSync(script, `sleep 300 & exec busctl call ${ownFace} MakeThreadRealtimeWithPID ttu $! 0 13`);
    // Only root may make such a namespace here; in it alice asks by the ids that she sees.
    void said(
      `unshare --pid --fork -- prlimit --rttime=200000 runuser -u alice -- sh -c 'sh ${script}; sleep 20'`,
    ).catch(() => {});
    const grant = await eventually(async () => {
      const found = (await grants()).find(({ priority }) => priority === 13);
      expect(found).toBeDefined();
      return found as Grant;
    });
    expect(readFileSync(`/proc/${grant.tid}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t\d\d?$/m);
    expect(await scheduling(grant.tid)).toBe(realtime(13));
  });

  test('ProtectHome=, PrivateTmp=: programs of all places are promoted, and their paths told', async () => {
    for (const program of ['/home/alice/play', '/tmp/play']) {
      await said(`install -o alice -m 755 /usr/bin/sleep ${program}`);
      const pid = await sleeper('alice', program);
      await said(as('alice', makeRealtime(pid, 11)));
      expect(await byTid(pid)).toMatchObject({ program, comm: 'play' });
    }
  });

  test('ProtectControlGroups=, ProtectSystem=: rules by program and by unit find whom they mean', async () => {
    const played = await sleeper('alice', '/usr/local/bin/play');
    await said('systemd-run --quiet --unit=limited --uid=alice --property=LimitRTTIME=200ms sleep 1000');
    for (const [pid, max] of [
      [played, 3],
      [Number(await shown('MainPID', 'limited')), 4],
    ] as const) {
      expect((await run(as('alice', makeRealtime(pid, max + 1)))).stderr).toContain(`above the limit of ${max}`);
      await said(as('alice', makeRealtime(pid, max)));
    }
  });

  test('ProtectSystem=strict, UMask=: what is granted is written down, for root alone', async () => {
    const pid = await sleeper('alice');
    const before = Date.now();
    await said(as('alice', makeRealtime(pid, 11)));
    await eventually(async () => {
      const files = (await said('find /run/realtime-broker -type f')).split('\n').map((file) => statSync(file));
      expect(Math.max(...files.map(({ mtimeMs }) => mtimeMs))).toBeGreaterThanOrEqual(before - 100);
      expect(files.map(({ uid, mode }) => [uid, mode & 0o077])).toEqual(files.map(() => [0, 0]));
    });
  });

  test('PrivateNetwork=, RestrictAddressFamilies=: bus, journal and service manager are heard from', async () => {
    const pid = await sleeper('alice');
    await said(as('alice', makeRealtime(pid, 11)));
    expect(await said(`busctl get-property ${ownFace} ThreadCount`)).toMatch(/^u [1-9]/);
    const entry = JSON.parse(await said(`journalctl --quiet RTBROKER_TID=${pid} --output=json --lines=1`));
    expect(entry).toMatchObject({ _TRANSPORT: 'journal', _SYSTEMD_UNIT: 'realtime-broker.service' });
    await eventually(async () => expect(await shown('StatusText')).toMatch(/^Threads granted: [1-9]/));
  });

  test('PrivateDevices=, ProtectClock=, ProtectKernel*=: the clocks go right', async () => {
    const pid = await sleeper('alice');
    await said(as('alice', makeRealtime(pid, 11)));
    const grant = await byTid(pid);
    expect(Math.abs(Date.now() - Number(grant?.grantedAtUSec) / 1000)).toBeLessThan(10_000);
  });

  test('SystemCallFilter=, LimitNOFILE=: many come and go, and their places are free again', async () => {
    const count = async (): Promise<number> =>
      Number((await said(`busctl get-property ${ownFace} ThreadCount`)).slice(2));
    const before = await count();
    const pids = await Promise.all([...Array(20)].map(() => sleeper('alice')));
    await Promise.all(pids.map((pid) => said(makeRealtime(pid, 2))));
    expect(await count()).toBe(before + pids.length);
    await said(`kill ${pids.join(' ')}`);
    await eventually(async () => expect(await count()).toBe(before));
  });

  test('LimitMEMLOCK=, ProtectKernelTunables=, ProtectControlGroups=: a hog is demoted, and what plays beside it is not', async () => {
    // It burns a CPU of the machine's, and whoever else tests on it is not to be disturbed.
    const lock: Child | undefined = existsSync('/run/machine')
      ? await aloneOnTheCpu(600_000, '/run/machine')
      : undefined;
    const dir = '/run/load';
    mkdirSync(dir, { recursive: true });
    const bystander = await sleeper('alice');
    await said(as('alice', makeRealtime(bystander, 5)));
    const load = await Load.start(
      dir,
      'unix:path=/run/dbus/system_bus_socket',
      { name: 'alice', uid: 4211, gid: 4211 },
      8000,
      [hog()],
    );
    try {
      await load.granted(load.tid, 10);
      await load.work();
      await eventually(async () => expect(await scheduling(load.tid)).toBe(ordinary), 8);
      expect(await scheduling(bystander)).toBe(realtime(5));
    } finally {
      await load.stop();
      await lock?.stop();
    }
  }, 700_000);

  test('through all this it was one and the same broker', async () => {
    expect(await mainPid()).toBe(broker);
    expect(await shown('NRestarts')).toBe('0');
  });
});
