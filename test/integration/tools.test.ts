import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child } from '../rig/child.ts';
import { fromRoot } from '../rig/paths.ts';
import { type Rig, startRig } from '../rig/rig.ts';

/**
 * A session at a shell, as README.md shows it: what is typed, one after the other, and what comes. Only alice's own
 * process is named, so that anybody in the group "realtime" can type the same.
 */
const session: readonly (readonly [line: string, output: RegExp, status?: number])[] = [
  ['busctl tree org.example.RealtimeBroker', /\/org\/example\/RealtimeBroker\n(.|\n)*\/org\/freedesktop\/RealtimeKit1/],
  [
    'busctl introspect org.example.RealtimeBroker /org/example/RealtimeBroker',
    /^\.MakeThreadRealtimeWithPID +method +ttu +- +-\n(.|\n)*^\.MaxRealtimePriority +property +i +20 +emits-change\n/m,
  ],
  [
    'busctl introspect org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1',
    /^\.MakeThreadRealtimeWithPID +method +ttu +- +-\n(.|\n)*^\.RTTimeUSecMax +property +x +200000 +/m,
  ],
  [
    'busctl get-property org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker MaxRealtimePriority RTTimeUSecMax',
    /^i 20\nx 200000\n$/,
  ],

  ['sleep 600 & PID=$!', /^$/],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker MakeThreadRealtimeWithPID ttu $PID 0 10',
    /^Call failed: Process \d+ has no hard RLIMIT_RTTIME\. Set its hard limit to at most 200000 us with setrlimit/,
    1,
  ],
  ['prlimit --pid $PID --rttime=200000', /^$/],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker MakeThreadRealtimeWithPID ttu $PID 0 10',
    /^$/,
  ],
  ['chrt -p $PID', /policy: SCHED_RR\|SCHED_RESET_ON_FORK\n.*priority: 10\n/],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker ListGrants',
    /^aa\{sv\} 1 \d+ "Uid" u 4201 .* "Comm" s "sleep" "Program" s "\S+" "Kind" s "realtime" .* "Priority" i 10 /,
  ],
  [
    'busctl --json=pretty call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker ListGrants',
    /"State" : \{\n\s+"type" : "s",\n\s+"data" : "active"\n/,
  ],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker GetLimits',
    /^a\{sv\} \d+ .*"RealtimeThreadsMax" u 128 "RealtimeThreadsUsed" u 1 /,
  ],

  [
    'gdbus introspect --system -d org.example.RealtimeBroker -o /org/example/RealtimeBroker',
    /interface org\.example\.RealtimeBroker \{(.|\n)*readonly u ThreadCount = 1;/,
  ],
  [
    'gdbus call --system -d org.example.RealtimeBroker -o /org/example/RealtimeBroker -m org.example.RealtimeBroker.MakeThreadRealtimeWithPID $PID 0 15',
    /^\(\)\n$/,
  ],
  [
    'gdbus call --system -d org.example.RealtimeBroker -o /org/example/RealtimeBroker -m org.example.RealtimeBroker.MakeThreadRealtimeWithPID $PID 0 50',
    /^Error: GDBus\.Error:org\.example\.RealtimeBroker\.Error\.PriorityAboveLimit: Priority 50 is above the limit of 20\./,
    1,
  ],
  [
    'gdbus call --system -d org.example.RealtimeBroker -o /org/example/RealtimeBroker -m org.example.RealtimeBroker.ListGrants',
    /'Priority': <15>/,
  ],
  [
    'gdbus call --system -d org.freedesktop.RealtimeKit1 -o /org/freedesktop/RealtimeKit1 -m org.freedesktop.RealtimeKit1.MakeThreadHighPriorityWithPID -- $PID 0 -11',
    /^\(\)\n$/,
  ],
  ['cut -d " " -f 19 /proc/$PID/stat', /^-11\n$/],
  [
    'busctl call -- org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker MakeThreadHighPriorityWithPID tti $PID 0 -5',
    /^$/,
  ],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker MakeThreadHighPriorityWithPID tti $PID 0 0',
    /^$/,
  ],
  [
    'busctl call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker ListGrants',
    /^aa\{sv\} 0\n$/,
  ],
  ['kill $PID', /^$/],
];

describe('at a shell', () => {
  let rig: Rig;
  let outcomes: readonly { readonly output: string; readonly status: number }[];
  beforeAll(async () => {
    rig = await startRig();
    await rig.startBroker();
    outcomes = await type(
      rig,
      session.map(([line]) => line),
    );
  });
  afterAll(() => rig.stop());

  for (const [index, [line, output, status = 0]] of session.entries())
    test(`$ ${line}`, () => {
      expect(outcomes[index]).toEqual({ output: expect.stringMatching(output), status });
    });
});

const mark = '--- typed next';

/** What one shell of alice's says to each of these lines. */
async function type(rig: Rig, lines: readonly string[]) {
  const script = ['exec 2>&1', ...lines.map((line) => `${line}\necho "${mark} $?"`)].join('\n');
  const env = { DBUS_SYSTEM_BUS_ADDRESS: rig.address };
  const shell = await Child.start('sh', ['sh', '-c', script], { env, user: rig.users.alice });
  await shell.exited;
  const parts = `${shell.lines.join('\n')}\n`.split(new RegExp(`${mark} (\\d+)\n`));
  return lines.map((_, index) => ({ output: parts[2 * index] ?? '', status: Number(parts[2 * index + 1]) }));
}

test('README.md shows nothing that was not typed here', () => {
  const readme = existsSync(fromRoot('README.md')) ? readFileSync(fromRoot('README.md'), 'utf8') : '';
  const shown = readme.replace(/\\\n\s*/g, '').match(/^ *(?:busctl|gdbus|prlimit|sleep|chrt) .*$/gm);
  const typed = session.map(([line]) => line);
  expect(shown?.length).toBeGreaterThan(5);
  for (const line of shown ?? []) expect(typed).toContain(line.trim().replace(/ +/g, ' '));
});
