import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { look } from '../rig/kernel.ts';
import type { Session } from '../rig/session.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
/** alice's. */
let session: Session;
beforeAll(async () => {
  stage = await Stage.start();
  session = await stage.rig.startSession();
  await session.startPortal();
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const call = [
  ...['gdbus', 'call', '--session', '--dest=org.freedesktop.portal.Desktop'],
  ...['--object-path=/org/freedesktop/portal/desktop', '--method'],
];

/** What the portal answers to a program of alice's. */
async function ask(member: string, ...args: (string | number)[]): Promise<string> {
  const gdbus = await stage.program(session.home, ...call, member, '--', ...args.map(String));
  await gdbus.exited;
  return gdbus.lines.join('\n');
}

test('C8 the portal has the three properties, which it asked for once, and of the types it insists on', async () => {
  const all = await ask('org.freedesktop.DBus.Properties.GetAll', 'org.freedesktop.portal.Realtime');
  expect(all).toContain("'MaxRealtimePriority': <20>");
  expect(all).toContain("'MinNiceLevel': <-15>");
  expect(all).toContain("'RTTimeUSecMax': <int64 200000>");
});

test('C16 what the portal is asked for is granted to whom it names', async () => {
  const alice = await stage.caller();
  const thread = await alice.thread();
  expect(await ask('org.freedesktop.portal.Realtime.MakeThreadRealtimeWithPID', alice.pid, thread, 12)).toBe('()');
  expect(look(thread)).toMatchObject({ policy: 'rr', priority: 12, resetOnFork: true, nice: 0, rttimeHard: 200_000 });
  expect(await ask('org.freedesktop.portal.Realtime.MakeThreadHighPriorityWithPID', alice.pid, 0, '-9')).toBe('()');
  expect(look(alice.pid)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -9 });
  expect(await stage.grants()).toMatchObject([{ Process: alice.pid }, { Process: alice.pid }]);
});

test('C23 C27 a refusal comes through the portal as it is', async () => {
  const alice = await stage.caller('alice', 'unlimited');
  const refused = await ask('org.freedesktop.portal.Realtime.MakeThreadRealtimeWithPID', alice.pid, 0, 12);
  expect(refused).toMatch(/org\.freedesktop\.DBus\.Error\.AccessDenied.*has no hard RLIMIT_RTTIME/);
  expect(look(alice.pid)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: false });
});

test("C17 the portal is no way to another user's thread", async () => {
  const bob = await stage.caller('bob');
  const refused = await ask('org.freedesktop.portal.Realtime.MakeThreadRealtimeWithPID', bob.pid, 0, 12);
  expect(refused).toContain('org.freedesktop.DBus.Error.AccessDenied');
  expect(look(bob.pid)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: false });
});

/** As flatpak starts an application: with ids of its own, and the portal can read which they are. */
function inSandbox(command: string): string[] {
  const { dir, env } = session.home;
  const instance = `${env.XDG_RUNTIME_DIR}/.flatpak/1`;
  writeFileSync(join(dir, 'info'), '[Application]\nname=org.example.Player\n\n[Instance]\ninstance-id=1\n');
  const bwrap = [
    ...'bwrap --unshare-pid --die-with-parent --proc /proc --dev /dev --ro-bind /usr /usr'.split(' '),
    ...'--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64'.split(' '),
    ...['--bind', stage.rig.dir, stage.rig.dir, '--ro-bind', join(dir, 'info'), '/.flatpak-info', '--info-fd', '9'],
  ];
  return ['sh', '-c', `mkdir -p ${instance} && ${bwrap.join(' ')} 9>${instance}/bwrapinfo.json sh -c '${command}'`];
}

test('C15 C16 the ids that an application has in its sandbox are made into those that count here', async () => {
  const request = `${call.join(' ')} org.freedesktop.portal.Realtime.MakeThreadRealtimeWithPID $$ $$ 7`;
  const lines = ['prlimit --pid $$ --rttime=200000', request, 'echo I am $$', 'read _'];
  const player = await stage.program(session.home, ...inSandbox(lines.join(' && ')));
  expect(await player.line(/^I am/)).toMatch(/ [1-9]$/);
  const [grant] = await stage.grants();
  expect(grant?.Thread).toBeGreaterThan(9);
  expect(look(grant?.Thread as number)).toMatchObject({ policy: 'rr', priority: 7, resetOnFork: true });
});
