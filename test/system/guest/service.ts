import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  eventually,
  isGranted,
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

const config = '/etc/realtime-broker';
const dropIn = '/etc/systemd/system/realtime-broker.service.d';

/** A granted thread, and the broker that granted it. */
async function granted(): Promise<{ readonly pid: number; readonly broker: number }> {
  const pid = await sleeper('alice');
  await said(makeRealtime(pid, 12));
  return { pid, broker: await mainPid() };
}

/** Another broker than that one runs, and has this grant in its book. */
const isAdopted = (pid: number, former: number, timeoutSec = 10): Promise<void> =>
  eventually(async () => {
    const broker = await mainPid();
    expect(broker).not.toBe(0);
    expect(broker).not.toBe(former);
    expect(await isGranted(pid)).toBe(true);
  }, timeoutSec);

/** Looks again and again how the thread runs, until it is told to stop. @returns how it ran in between */
function watched(pid: number): () => Promise<readonly string[]> {
  const seen = new Set<string>();
  let over = false;
  const looking = (async () => {
    while (!over) seen.add(await scheduling(pid));
  })();
  return async () => {
    over = true;
    await looking;
    return [...seen];
  };
}

describe('the service', () => {
  beforeEach(() => mkdirSync(config, { recursive: true }));
  afterEach(async () => {
    rmSync(config, { recursive: true, force: true });
    rmSync(dropIn, { recursive: true, force: true });
    await said('systemctl daemon-reload && systemctl restart realtime-broker');
  });

  describe('systemctl', () => {
    test('reload: what changed in the configuration counts', async () => {
      const { broker } = await granted();
      writeFileSync(`${config}/realtime-broker.toml`, '[limits]\nrealtime_priority_max = 15\n');
      await said('systemctl reload realtime-broker');
      expect(await said(`busctl get-property ${ownFace} MaxRealtimePriority`)).toBe('i 15');
      expect(await mainPid()).toBe(broker);
    });

    test('reload: fails when the configuration is wrong, says where, and changes nothing', async () => {
      const { pid, broker } = await granted();
      writeFileSync(`${config}/realtime-broker.toml`, '[limits]\nrealtime_priority_max = 150\n');
      expect((await run('systemctl reload realtime-broker')).code).not.toBe(0);
      const journal = await said('journalctl --quiet --unit=realtime-broker --output=cat --lines=20');
      expect(journal).toContain('realtime-broker.toml:2:');
      expect(await mainPid()).toBe(broker);
      expect(await isGranted(pid)).toBe(true);
      expect(await said(`busctl get-property ${ownFace} MaxRealtimePriority`)).toBe('i 20');
    });

    test('restart: grants are kept, and never taken back in between', async () => {
      const { pid, broker } = await granted();
      const stop = watched(pid);
      await said('systemctl restart realtime-broker');
      await isAdopted(pid, broker);
      expect(await stop()).toEqual([realtime(12)]);
    });

    test('stop: all are demoted, and the next start finds nothing', async () => {
      const { pid } = await granted();
      await said('systemctl stop realtime-broker');
      expect(await scheduling(pid)).toBe(ordinary);
      expect(await shown('Result')).toBe('success');
      // RuntimeDirectoryPreserve=yes: what holds for this boot does so after the next start.
      expect(await said('find /run/realtime-broker -type f')).not.toBe('');
      await said('systemctl start realtime-broker');
      expect(await isGranted(pid)).toBe(false);
    });

    test('stop: all are demoted, also when the broker hangs and has to be killed', async () => {
      mkdirSync(dropIn, { recursive: true });
      writeFileSync(`${dropIn}/quick.conf`, '[Service]\nTimeoutStopSec=1s\n');
      await said('systemctl daemon-reload && systemctl restart realtime-broker');
      const { pid, broker } = await granted();
      process.kill(broker, 'SIGSTOP');
      await said('systemctl stop realtime-broker');
      expect(await scheduling(pid)).toBe(ordinary);
    });

    test('stop: all are demoted, at whatever moment of a start it comes', async () => {
      for (let msec = 0; msec <= 200; msec += 20) {
        await said('systemctl start realtime-broker');
        const { pid } = await granted();
        await said(`systemctl kill --signal=SIGUSR1 realtime-broker`);
        await eventually(async () => expect(await shown('ActiveState')).toBe('inactive'));
        expect(await scheduling(pid)).toBe(realtime(12));
        await said(`systemctl start --no-block realtime-broker; sleep ${msec / 1000}; systemctl stop realtime-broker`);
        expect([msec, await scheduling(pid)]).toEqual([msec, ordinary]);
      }
    }, 90_000);

    test('C36: Exit demotes all and ends the broker, which stays away', async () => {
      const { pid } = await granted();
      await said(
        'busctl call org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 Exit',
      );
      await eventually(async () => expect(await shown('ActiveState')).toBe('inactive'));
      expect(await shown('Result')).toBe('success');
      expect(await scheduling(pid)).toBe(ordinary);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await shown('ActiveState')).toBe('inactive');
    });
  });

  describe('the broker comes back, and nobody notices,', () => {
    test('when it is killed', async () => {
      const { pid, broker } = await granted();
      const stop = watched(pid);
      process.kill(broker, 'SIGKILL');
      await isAdopted(pid, broker);
      expect(await stop()).toEqual([realtime(12)]);
    });

    test('however often it is killed, more than systemd would bear otherwise', async () => {
      // Five starts in ten seconds are what units may have by default.
      expect(await said('systemctl show --property=DefaultStartLimitBurst --value')).toBe('5');
      mkdirSync(dropIn, { recursive: true });
      writeFileSync(`${dropIn}/quick.conf`, '[Service]\nRestartSec=1ms\nRestartSteps=0\n');
      await said('systemctl daemon-reload');
      const { pid } = await granted();
      for (let time = 0; time < 7; time++) {
        const broker = await mainPid();
        process.kill(broker, 'SIGKILL');
        await isAdopted(pid, broker);
      }
      expect(await scheduling(pid)).toBe(realtime(12));
    }, 60_000);

    test('when its event loop stands still', async () => {
      mkdirSync(dropIn, { recursive: true });
      writeFileSync(`${dropIn}/quick.conf`, '[Service]\nWatchdogSec=1s\n');
      await said('systemctl daemon-reload && systemctl restart realtime-broker');
      const { pid, broker } = await granted();
      process.kill(broker, 'SIGSTOP');
      await isAdopted(pid, broker, 15);
      expect(await scheduling(pid)).toBe(realtime(12));
      const journal = await said('journalctl --quiet --unit=realtime-broker --output=cat --lines=50');
      expect(journal).toContain('Watchdog timeout');
    }, 60_000);
  });

  test('it lives through a sleep of the machine, as logind announces it, with all its grants', async () => {
    const { pid, broker } = await granted();
    // It hears of it as well: see src/bus/logind.ts for what it makes of that.
    const matches = await said(
      'busctl --json=short call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.Debug.Stats GetAllMatchRules',
    );
    const name = await said(
      'busctl call org.freedesktop.DBus / org.freedesktop.DBus GetNameOwner s org.example.RealtimeBroker | cut -d\\" -f2',
    );
    const [rules] = JSON.parse(matches).data as [Record<string, readonly string[]>];
    expect(rules[name]).toContainEqual(
      expect.stringMatching(/member='PrepareForSleep',.*sender='org.freedesktop.login1'/),
    );
    // The kernel of a container does not sleep for it. logind believes that it could, and what it would start does nothing.
    await said(`mkdir -p /run/power /run/systemd/system/systemd-suspend.service.d
    echo freeze mem >/run/power/state; echo '[s2idle]' >/run/power/mem_sleep; echo disabled >/run/power/disk
    mount -o remount,rw /sys && mkdir -p /sys/power && cp /run/power/* /sys/power/
    printf '[Service]\\nExecStart=\\nExecStart=sleep 0.2\\n' >/run/systemd/system/systemd-suspend.service.d/nothing.conf
    systemctl daemon-reload && systemctl restart systemd-logind`);
    try {
      const heard = '/run/heard-of-sleep';
      const manager = 'org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager';
      await said(
        `systemd-run --quiet --unit=ear --property=StandardOutput=file:${heard} gdbus monitor --system --dest org.freedesktop.login1`,
      );
      await eventually(() => said(`grep 'is owned by' ${heard}`));
      await eventually(() => said(`busctl call ${manager} Suspend b false`));
      await eventually(() =>
        said(`grep 'PrepareForSleep (true,)' ${heard} && grep 'PrepareForSleep (false,)' ${heard}`),
      );
    } finally {
      await run('systemctl stop ear; rm -r /sys/power; mount -o remount,ro /sys');
    }
    expect(await mainPid()).toBe(broker);
    expect(await scheduling(pid)).toBe(realtime(12));
    expect(await isGranted(pid)).toBe(true);
  });

  describe('the package', () => {
    test('upgraded under live grants it is restarted, and never stopped', async () => {
      const { pid, broker } = await granted();
      await said(`rm -rf /run/next && dpkg-deb --raw-extract /var/lib/realtime-broker-test/realtime-broker.deb /run/next &&
      sed -i 's/^Version: .*/&+next/' /run/next/DEBIAN/control && dpkg-deb --build /run/next /run/next.deb`);
      const stop = watched(pid);
      await said('dpkg --install /run/next.deb');
      await isAdopted(pid, broker);
      expect(await stop()).toEqual([realtime(12)]);
      expect(await said('dpkg-query --status realtime-broker')).toMatch(/^Version: .*\+next$/m);
      expect(await shown('NRestarts')).toBe('0');
    });
  });
});
