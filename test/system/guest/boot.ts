import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromRoot } from '../../rig/paths.ts';
import { isBookworm, mainPid, ownFace, rtkitFace, run, said, shown } from './machine.ts';

describe('at boot', () => {
  test('C2: both names are owned before anybody can log in', async () => {
    const ready = Number(await shown('ActiveEnterTimestampMonotonic'));
    const logins = Number(await shown('InactiveExitTimestampMonotonic', 'systemd-user-sessions.service'));
    expect(ready).toBeGreaterThan(0);
    expect(ready).toBeLessThanOrEqual(logins);
    const pid = await mainPid();
    for (const name of ['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1'])
      expect(await said(`busctl status ${name} | sed -n s/^PID=//p`)).toBe(String(pid));
  });

  test('the bus is the one that this guest is for', async () => {
    expect(await shown('Id', 'dbus.service')).toBe(
      process.env.EXPECTED_BUS === 'broker' ? 'dbus-broker.service' : 'dbus.service',
    );
  });

  test('the unit has started once, and nothing complains', async () => {
    expect(await shown('ActiveState')).toBe('active');
    expect(await shown('NRestarts')).toBe('0');
    expect(await said(`journalctl --quiet --boot --unit=realtime-broker --priority=warning --output=cat`)).toBe('');
  });

  test("C38: what asks for rtkit's unit gets the broker's, and one file owns rtkit's name", async () => {
    expect(await shown('Id', 'rtkit-daemon.service')).toBe('realtime-broker.service');
    const files = await said(
      'ls /{etc,run,usr/share,usr/local/share}/dbus-1/system-services/*RealtimeKit1* 2>/dev/null; true',
    );
    expect(files.split('\n')).toEqual(['/usr/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service']);
    expect(await said('systemctl start rtkit-daemon.service; systemctl is-active rtkit-daemon.service')).toBe('active');
    expect(await said('dpkg --status rtkit 2>/dev/null | grep ^Status || true')).not.toContain('ok installed');
  });

  test('it is activated when it was stopped and somebody asks, by either name', async () => {
    for (const face of [ownFace, rtkitFace]) {
      await said('systemctl stop realtime-broker');
      expect(await said(`busctl get-property ${face} MaxRealtimePriority`)).toBe('i 20');
    }
  });
});

describe('the tools of the trade', () => {
  test('busctl sees both interfaces', async () => {
    expect(await said(`busctl introspect ${ownFace}`)).toContain('.MakeThreadRealtimeWithPID');
    expect(await said(`busctl introspect ${rtkitFace}`)).toContain('.MakeThreadHighPriorityWithPID');
  });

  test('gdbus, too', async () => {
    const [name, path] = rtkitFace.split(' ');
    expect(await said(`gdbus introspect --system --dest ${name} --object-path ${path}`)).toContain(
      'RTTimeUSecMax = 200000',
    );
  });

  test('rtbroker is on the path, for everybody', async () => {
    expect(await said('runuser -u bob -- rtbroker status')).toContain('health: good');
  });

  test('realtime-brokerd is on the path of root', async () => {
    expect(await said('realtime-brokerd --check-config')).toContain('The configuration is good.');
    expect(await said('realtime-brokerd --version')).toMatch(/^realtime-brokerd \d/);
  });
});

describe('the unit', () => {
  const status = async (): Promise<string> => readFileSync(`/proc/${await mainPid()}/status`, 'utf8');

  test('the whole process is SCHED_RR 1, but for what is native and sets itself up', async () => {
    const pid = await mainPid();
    const policies = await said(`chrt --all-tasks -p ${pid} | grep -o 'policy: .*'; true`);
    expect(policies.split('\n').filter((line) => line === 'policy: SCHED_RR').length).toBeGreaterThanOrEqual(6);
    expect(await said(`chrt -p ${pid}`)).toContain('priority: 1');
    // The unit gives it no limit, so that it can set the one it works by.
    expect(await shown('LimitRTTIME')).toBe('infinity');
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max realtime timeout +2000000 +15000000/);
  });

  test('started, it is ready: its names are owned', async () => {
    expect([await shown('Type'), await shown('NotifyAccess')]).toEqual(['notify', 'main']);
    expect(await shown('BusName')).toBe('org.example.RealtimeBroker');
    await said('systemctl restart realtime-broker');
    for (const name of ['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1'])
      expect(await said(`busctl call org.freedesktop.DBus / org.freedesktop.DBus NameHasOwner s ${name}`)).toBe(
        'b true',
      );
  });

  test('it is given time, and no more than that', async () => {
    for (const [property, time] of [
      ['WatchdogUSec', '15s'],
      ['TimeoutStartUSec', '15s'],
      ['TimeoutStopUSec', '5s'],
      ['TimeoutAbortUSec', '2s'],
      ['RestartUSec', '500ms'],
    ] as const)
      expect([property, await shown(property)]).toEqual([property, time]);
  });

  test('when memory runs out, others go first', async () => {
    expect(await shown('OOMScoreAdjust')).toBe('-900');
    // Without CAP_SYS_RESOURCE systemd itself cannot have it so.
    const mayLower = (BigInt(`0x${/^CapEff:\t(\w+)$/m.exec(readFileSync('/proc/1/status', 'utf8'))?.[1]}`) >> 24n) & 1n;
    const adjusted = readFileSync(`/proc/${await mainPid()}/oom_score_adj`, 'utf8').trim();
    if (mayLower === 1n) expect(adjusted).toBe('-900');
  });

  test('descriptors and locked memory are enough for all that may be granted', async () => {
    const capacity = Number(
      /^const capacity = ([\d_]+);/m
        .exec(readFileSync(fromRoot('src/linux/watchdog.ts'), 'utf8'))?.[1]
        ?.replace('_', ''),
    );
    expect(Number(await shown('LimitNOFILE'))).toBeGreaterThanOrEqual(4 * capacity + 1024);
    expect(Number(await shown('LimitMEMLOCK'))).toBeGreaterThanOrEqual(1024 * capacity);
    // Without CAP_SYS_RESOURCE systemd itself cannot raise them above what it has.
    const most = /Max open files +\d+ +(\d+)/.exec(readFileSync('/proc/1/limits', 'utf8'))?.[1];
    const has = /Max open files +(\d+)/.exec(readFileSync(`/proc/${await mainPid()}/limits`, 'utf8'))?.[1];
    expect(Number(has)).toBe(Math.min(Number(await shown('LimitNOFILE')), Number(most)));
  });

  test('it has two capabilities, gets no more, and its system calls are filtered', async () => {
    const text = await status();
    const niceAndPtrace = ((1n << 23n) | (1n << 19n)).toString(16).padStart(16, '0');
    for (const set of ['CapEff', 'CapPrm', 'CapBnd'])
      expect(text).toMatch(new RegExp(`^${set}:\t${niceAndPtrace}$`, 'm'));
    expect(text).toMatch(/^NoNewPrivs:\t1$/m);
    expect(text).toMatch(/^Seccomp:\t2$/m);
  });

  test('it is restarted for ever, and its runtime directory stays', async () => {
    expect(await shown('StartLimitIntervalUSec')).toBe('0');
    expect(await shown('RuntimeDirectoryPreserve')).toBe('yes');
    expect(await shown('RuntimeDirectoryMode')).toBe('0700');
    expect(await said('stat --format=%U:%a /run/realtime-broker')).toBe('root:700');
  });

  test('AppArmor confines it not, where there is AppArmor', async () => {
    const { stdout } = await run(`cat /proc/${await mainPid()}/attr/apparmor/current`);
    expect(stdout).toMatch(/^(unconfined\n)?$/);
  });

  test('systemd knows every line of it', async () => {
    const { stdout, stderr, code } = await run('systemd-analyze verify --man=no realtime-broker.service');
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('realtime-broker'));
    if (isBookworm) {
      expect(complaints.every((line) => /'Restart(Steps|MaxDelaySec)'/.test(line))).toBe(true);
    } else {
      expect([code, ...complaints]).toEqual([0]);
    }
  });

  test('systemd rates its exposure 1.5 or better', async () => {
    expect(await run('systemd-analyze security --threshold=15 realtime-broker.service')).toMatchObject({ code: 0 });
  });
});
