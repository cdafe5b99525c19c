import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromRoot } from '../../rig/paths.ts';
import { dataThreadOf } from '../../rig/pipewire.ts';
import {
  eventually,
  mainPid,
  makeRealtime,
  ownFace,
  pidOfSeated,
  plays,
  realtime,
  rtkitFace,
  run,
  said,
  scheduling,
  seatAlice,
  seated,
  shown,
  sleeper,
} from './machine.ts';

const deb = '/var/lib/realtime-broker-test/realtime-broker.deb';
const ownerOf = (name: string): Promise<string> => said(`busctl status ${name} 2>/dev/null | sed -n s/^Comm=//p`);
/** What of its package is not as it was; documentation is left out of guests. */
const rtkitFiles = (): Promise<string> => said('dpkg --verify rtkit | grep -v ^missing; true');

/** The lines of a bus policy that say who may send and receive what. */
const policyOf = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/<(?:policy|allow|deny)\s[^>]*>/g)].map(([line]) =>
    line.replace(/\s+/g, ' '),
  );

/** PipeWire's thread that plays, once it is realtime. */
async function playing(): Promise<number> {
  const pid = await pidOfSeated('pipewire');
  return eventually(async () => {
    const tid = dataThreadOf(pid) ?? 0;
    expect(await scheduling(tid)).toBe(realtime(20));
    return tid;
  });
}

/** In a guest that has rtkit, and a session in which PipeWire is realtime by its leave. */
describe.sequential('where rtkit runs', () => {
  let loop = 0;

  test('PipeWire has its thread from rtkit', async () => {
    await seatAlice();
    await said(seated('systemctl --user start pipewire.service'));
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');
    loop = await playing();
  });

  test("C38: the broker's bus policy is rtkit's, with what rtkit 0.14 has besides, and for root alone", () => {
    const name = 'org.freedesktop.RealtimeKit1.conf';
    const [ours, theirs] = [fromRoot(`dbus/${name}`), `/usr/share/dbus-1/system.d/${name}`].map(policyOf);
    const denies = (member: string): string =>
      `<deny send_destination="org.freedesktop.RealtimeKit1" send_interface="org.freedesktop.RealtimeKit1" send_member="${member}"/>`;
    const sorted = (lines: readonly string[] = []): readonly string[] => [...new Set(lines)].sort();
    expect(sorted(ours)).toEqual(
      sorted([...(theirs ?? []).filter((line) => !line.includes('"rtkit"')), denies('Suspend'), denies('Resume')]),
    );
  });

  test('where systemd would find no Node, install:system installs nothing, and rtkit stays', async () => {
    const hidden =
      'for node in /usr/local/bin/node /usr/bin/node; do ! [ -e $node ] || mount --bind /bin/false $node; done';
    expect(await run(`unshare --mount sh -c '${hidden}; sh /src/packaging/install.sh install'`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Node 20.19'),
    });
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');
  });

  test('npm run install:system takes over without a logout', async () => {
    await said('sh /src/packaging/install.sh install');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('node');
    expect(await scheduling(loop)).toBe(realtime(20));
    expect(await shown('Id', 'rtkit-daemon.service')).toBe('realtime-broker.service');
  });

  test("the session's next request is the broker's to grant", async () => {
    await said(seated('systemctl --user restart pipewire.service'));
    await eventually(async () => expect(await plays()).toBe(true));
  });

  test("a second time it changes nothing but the process, and the administrator's settings stay", async () => {
    await said(
      'mkdir -p /etc/realtime-broker && echo "limits.realtime_priority_max = 18" >/etc/realtime-broker/realtime-broker.toml',
    );
    const before = await mainPid();
    await said('sh /src/packaging/install.sh install');
    expect(await mainPid()).not.toBe(before);
    expect(await said(`busctl get-property ${ownFace} MaxRealtimePriority`)).toBe('i 18');
    expect(await plays()).toBe(true);
  });

  test("C38: no file of rtkit's package was touched, and with its activation file the broker starts", async () => {
    expect(await rtkitFiles()).toBe('');
    await said('systemctl stop realtime-broker');
    expect(await run('rtbroker metrics')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('systemctl start'),
    });
    expect(await shown('ActiveState')).toBe('inactive');
    expect(await said(`busctl get-property ${rtkitFace} RTTimeUSecMax`)).toBe('x 200000');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('node');
  });

  test('rtkit can have its name, with the broker beside it, as README.md says', async () => {
    const settings = '/etc/realtime-broker/realtime-broker.toml';
    const leading = [
      '/usr/local/lib/systemd/system/rtkit-daemon.service',
      '/usr/local/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service',
    ];
    for (const file of leading) expect(readFileSync(fromRoot('README.md'), 'utf8')).toContain(file);
    await said(
      `cp ${settings} /root/kept.toml && echo 'bus.realtimekit1 = false' >${settings} && rm ${leading.join(' ')}`,
    );
    await said('systemctl daemon-reload && systemctl restart realtime-broker');
    await eventually(async () => {
      expect(await said(`busctl get-property ${rtkitFace} MaxRealtimePriority`)).toBe('i 20');
      expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');
    });
    expect(await said(`busctl get-property ${ownFace} MaxRealtimePriority`)).toBe('i 20');

    await said(`mv /root/kept.toml ${settings}`);
    await said('sh /src/packaging/install.sh install');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('node');
  });

  test('uninstall:system puts rtkit back, and leaves nothing but the settings', async () => {
    await said('sh /src/packaging/install.sh uninstall');
    expect(await rtkitFiles()).toBe('');
    // Debian's rtkit comes when it is called.
    expect(await said(`busctl get-property ${rtkitFace} MaxRealtimePriority`)).toBe('i 20');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');
    const left = await said(
      "find / -xdev -iname '*realtime*broker*' -not -path '/proc/*' -not -path '/src/*' -not -path '/var/lib/realtime-broker-test*' | sort",
    );
    expect(left.split('\n')).toEqual(['/etc/realtime-broker', '/etc/realtime-broker/realtime-broker.toml']);
    expect(existsSync('/run/realtime-broker')).toBe(false);
    await said('sh /src/packaging/install.sh uninstall');
    await said('rm -r /etc/realtime-broker');
  });

  test('the package takes over without a logout, and rtkit goes', async () => {
    await said(seated('systemctl --user restart pipewire.service'));
    await playing();
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');

    // As its package goes, rtkit demotes whom it has promoted, before any script of ours is run.
    await said('cp /usr/libexec/rtkit-daemon /root/rtkit-daemon');
    await said(`dpkg --unpack ${deb}`);
    // A call in between has brought it back.
    await said('systemd-run --quiet --collect /root/rtkit-daemon');
    await eventually(async () => expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon'));
    expect(await said('dpkg --configure realtime-broker')).toContain('systemctl --user restart pipewire');
    expect(await shown('ActiveState')).toBe('active');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('node');
    expect(await shown('Id', 'rtkit-daemon.service')).toBe('realtime-broker.service');
    await said(seated('systemctl --user restart pipewire.service'));
    await eventually(async () => expect(await plays()).toBe(true));
  });

  test('install:system does not install over the package', async () => {
    expect(await run('sh /src/packaging/install.sh install')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is installed'),
    });
  });

  test('removed while somebody calls it all the time, it does not come back', async () => {
    const call = `busctl --timeout=1 get-property ${ownFace} Version`;
    await said(`systemd-run --quiet --collect --unit=caller sh -c 'while :; do ${call}; sleep 0.02; done'`);
    await said('dpkg --remove realtime-broker');
    await said('systemctl stop caller');
    expect(await ownerOf('org.example.RealtimeBroker')).toBe('');
    expect(await run('pgrep -f realtime-brokerd')).toMatchObject({ code: 1 });
    await said(`dpkg --install ${deb}`);
    expect(await shown('ActiveState')).toBe('active');
  });

  test('removed it demotes, also when it could not start any more; purged nothing is left of it, and rtkit can come back', async () => {
    const pid = await sleeper('alice');
    await said(makeRealtime(pid, 3));
    await said('mkdir -p /etc/realtime-broker && echo "[mistake]" >/etc/realtime-broker/realtime-broker.toml');
    await said('systemctl kill --signal=SIGKILL realtime-broker');
    // It has failed to start by itself, and waits to try again.
    await eventually(async () => expect(await shown('Result')).toBe('exit-code'));
    expect(await scheduling(pid)).toBe(realtime(3));
    await said('dpkg --remove realtime-broker');
    expect(await scheduling(pid)).toBe('SCHED_OTHER 0');
    expect(existsSync('/etc/realtime-broker/realtime-broker.toml')).toBe(true);
    await said('dpkg --purge realtime-broker');
    const left = await said(
      "find / -xdev -iname '*realtime*broker*' -not -path '/proc/*' -not -path '/src/*' -not -path '/var/lib/realtime-broker-test*'",
    );
    expect(left).toBe('');
    expect(existsSync('/run/realtime-broker')).toBe(false);
    await said('dpkg --install /var/lib/realtime-broker-test/rtkit.deb');
    // Debian's rtkit comes when it is called.
    expect(await said(`busctl get-property ${rtkitFace} MaxRealtimePriority`)).toBe('i 20');
    expect(await ownerOf('org.freedesktop.RealtimeKit1')).toBe('rtkit-daemon');
    expect(await shown('FragmentPath', 'rtkit-daemon.service')).toMatch(
      /\/lib\/systemd\/system\/rtkit-daemon.service$/,
    );
  });
});
