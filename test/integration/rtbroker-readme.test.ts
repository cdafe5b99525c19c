import { cpSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { inNamespaceOf } from '../rig/namespace.ts';
import { built } from '../rig/paths.ts';
import { typedUnder } from '../rig/readme.ts';
import { type Rig, startRig } from '../rig/rig.ts';

/** What README.md has an administrator type, line by line, and what comes; here-documents are one line. */
const session: readonly (readonly [line: RegExp, output: RegExp, status?: number])[] = [
  [
    /^rtbroker status$/,
    /^realtime-broker: \d.*\nhealth: good\n(.|\n)*\ngranted: 1 threads in 1 processes of 1 users\n/,
  ],
  [/^rtbroker list --all$/, /^alice\t\d+\tsleep\trr 20\trr 20\tactive\t\d+ s\n$/],
  [/^rtbroker explain \$PID$/, /\nIt would be granted realtime priority 20\.\n$/],
  [/^rtbroker explain \$PID 10$/, /\nIt would be granted realtime priority 10\.\n$/],
  [/^mkdir -p /, /^$/],
  [/^cat > .*\.toml <<'END'\n\[\[rule\]\]\n/, /^$/],
  [/^realtime-brokerd --check-config$/, /^Read .*50-realtime\.toml\.\nThe configuration is good\.\n$/],
  [
    /^rtbroker config$/,
    /\nrule\.1\.realtime_priority_max\t5\t\/etc\/realtime-broker\/realtime-broker\.toml\.d\/50-realtime\.toml:3\n/,
  ],
  [/^rtbroker reload$/, /^The broker has read its configuration anew\.\n$/],
  [
    /^rtbroker explain \$PID 10$/,
    /\nIt would be refused realtime priority 10 \(priority-above-limit\): Priority 10 is above the limit of 5\. /,
    1,
  ],
  [
    /^rtbroker status$/,
    /\nover limit: 1 of these would be refused now: (.|\n)*\trr 20\tactive, priority-above-limit\t/,
  ],
  [/^rtbroker demote \$PID$/, /^Thread \d+ is an ordinary one now\.\n$/],
  [/^rtbroker demote --all$/, /^All granted threads are ordinary ones now\.\n$/],
];

const mark = '--- typed next';

let rig: Rig;
let inEtc: (command: readonly string[]) => readonly string[];
let broker: Child;
beforeAll(async () => {
  rig = await startRig();
  // An /etc of their own, for the broker and for who administers it.
  const etc = join(rig.dir, 'etc');
  const forEverybody = (path: string) => lstatSync(path).isSymbolicLink() || (lstatSync(path).mode & 0o004) !== 0;
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true, filter: forEverybody });
  for (const file of ['passwd', 'group', 'nsswitch.conf']) cpSync(join(rig.dir, file), join(etc, file));
  const covered = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    'mount --bind "$0" /etc && exec "$@"',
    etc,
  ];
  inEtc = (command) => inNamespaceOf(rig.busPid, [...covered, ...command]);

  const bin = join(rig.dir, 'bin');
  mkdirSync(bin);
  for (const name of ['rtbroker', 'realtime-brokerd']) symlinkSync(built(`dist/${name}.js`), join(bin, name));
  await startBroker();
});
afterAll(async () => {
  await broker.stop();
  await rig.stop();
});

test('an administrator who knows only the README lowers the limit of a group, and sees it refused', async () => {
  const command = [
    'setpriv',
    '--reuid=4201',
    '--regid=4201',
    '--groups=4299',
    'prlimit',
    '--rttime=200000',
    'sleep',
    '60',
  ];
  const member = await Child.start('sleep', inEtc(command));
  try {
    await expect.poll(() => readFileSync(`/proc/${member.pid}/comm`, 'utf8')).toBe('sleep\n');
    expect(await rig.rtbroker(['grant', `${member.pid}`])).toMatchObject({ code: 0 });

    const lines = typedUnder('For administrators').flatMap(({ commands }) => commands);
    const outcomes = await type(lines, `${member.pid}`);
    expect(lines).toEqual(session.map(([line]) => expect.stringMatching(line)));
    for (const [index, [, output, status = 0]] of session.entries())
      expect({ line: lines[index], ...outcomes[index] }).toEqual({
        line: lines[index],
        output: expect.stringMatching(output),
        status,
      });
  } finally {
    await member.stop();
  }
});

test('who reloads what is wrong is told all of it, and the broker keeps what it has', async () => {
  const file = join(rig.dir, 'etc/realtime-broker/realtime-broker.toml.d/60-wrong.toml');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '[limits]\nrealtime_priority_max = 99\n[polkt]\n');
  const before = await rig.rtbroker(['limits', '--json']);
  expect(await rig.rtbroker(['reload'])).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/60-wrong\.toml:2:\d+: .*1 to 98(.|\n)*60-wrong\.toml:3:\d+: .*polkit/),
  });
  expect(await rig.rtbroker(['limits', '--json'])).toEqual(before);
  expect(await rig.rtbroker(['reload'], 'alice')).toMatchObject({ code: 1, stderr: expect.stringMatching(/manage/) });

  rmSync(file);
  expect(await rig.rtbroker(['reload'])).toMatchObject({ code: 0 });
});

describe('without a broker', () => {
  test('watch says that it is gone, and hears the next one', async () => {
    const watch = await Child.start('rtbroker', inEtc([join(rig.dir, 'bin/rtbroker'), 'watch']), {
      env: { DBUS_SYSTEM_BUS_ADDRESS: rig.address },
    });
    await expect.poll(() => subscribed(watch)).toBe(true);
    await broker.stop();
    await watch.line(/ broker {4}it is gone$/);
    expect(await rig.rtbroker(['status'])).toEqual({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(
        /^rtbroker: No broker runs on this bus\. Start it: 'systemctl start realtime-broker'\.\n$/,
      ),
    });
    await startBroker();
    await watch.line(/ broker {4}it runs again$/);
    await expect.poll(() => subscribed(watch)).toBe(true);
    watch.signal('SIGTERM');
    expect(await watch.exited).toEqual({ code: 0, signal: null });
  });

  /** Whether it hears what becomes of a grant. */
  async function subscribed(watch: Child): Promise<boolean> {
    const member = await Child.start('sleep', inEtc(['prlimit', '--rttime=200000', 'sleep', '60']));
    await rig.rtbroker(['grant', `${member.pid}`, '1']);
    await member.stop();
    return watch.lines.some((line) => line.includes(` ${member.pid} `));
  }
});

async function startBroker(): Promise<void> {
  const flags = ['--bus', rig.address, '--state-dir', join(rig.dir, 'state')];
  broker = await Child.start('realtime-brokerd', inEtc([join(rig.dir, 'bin/realtime-brokerd'), ...flags]));
  await rig.untilOwned(broker, [ownFace.name, rtkitFace.name]);
}

/** What one shell of root's says to each of them. */
async function type(lines: readonly string[], pid: string) {
  const script = ['exec 2>&1', ...lines.map((line) => `${line}\necho "${mark} $?"`)].join('\n');
  const env = { DBUS_SYSTEM_BUS_ADDRESS: rig.address, PATH: `${rig.dir}/bin:${process.env.PATH}`, PID: pid };
  const shell = await Child.start('sh', inEtc(['sh', '-c', script]), { env });
  await shell.exited;
  const parts = `${shell.lines.join('\n')}\n`.split(new RegExp(`${mark} (\\d+)\n`));
  return lines.map((_, index) => ({ output: parts[2 * index] ?? '', status: Number(parts[2 * index + 1]) }));
}
