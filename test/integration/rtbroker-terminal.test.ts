import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { inNamespaceOf } from '../rig/namespace.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import { Tmux } from '../rig/tmux.ts';
import { type UserName, users } from '../rig/users.ts';

let stage: Stage;
let pid: number;
beforeAll(async () => {
  stage = await Stage.start();
  const alice = await stage.caller('alice');
  pid = alice.pid;
  dataOf(await ask(ownFace, realtime(alice, 0, 5)));
  dataOf(await ask(ownFace, highPriority(alice, await alice.thread(), -7)));
});
afterAll(() => stage.stop());

const terminals: Tmux[] = [];
afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.stop();
});

const terminal = (
  line: string,
  columns = 80,
  env: Readonly<Record<string, string>> = {},
  user: UserName = 'root',
): Tmux => {
  const { rig } = stage;
  const command = inNamespaceOf(rig.busPid, [...rig.tool, ...line.split(' ')], users[user]);
  const all = { DBUS_SYSTEM_BUS_ADDRESS: rig.address, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color', ...env };
  const opened = Tmux.start(rig.dir, columns, 24, command, all);
  terminals.push(opened);
  return opened;
};
const shown = (opened: Tmux, pattern: RegExp) =>
  expect.poll(() => opened.screen(), { timeout: 10_000 }).toMatch(pattern);

describe('on a terminal', () => {
  test('status is a screen with tables', async () => {
    const opened = terminal('status');
    await shown(opened, / <0>/);
    expect(opened.screen()).toMatch(
      /^realtime-broker {2}\d.*\nhealth +good\ncanary +calm\ngranted +2 threads in 1 processes of 1 users\n\nUsers\nUSER +PROCESSES +REALTIME +NICE\nalice +1 +1 +1\n\nGrants\nUSER +THREAD +NAME +GRANTED +RUNS AS +STATE +SINCE\nalice +\d+ +caller +rr 5 +rr 5 +active +\d+ s\n/,
    );
  });

  test('there are colours, but not for those who want none', async () => {
    const coloured = terminal('status');
    await expect.poll(() => coloured.screen(true), { timeout: 10_000 }).toContain('\x1b[32mgood');
    const plain = terminal('status', 80, { NO_COLOR: '1' });
    await shown(plain, / <0>/);
    expect(plain.screen(true)).not.toContain('\x1b');
  });

  test.each(['status', 'list', 'limits'])('%s bears 20 columns', async (verb) => {
    const opened = terminal(verb, 20);
    await shown(opened, / <0>/);
    expect(opened.screen()).toMatch(verb === 'limits' ? /most 20/ : /granted: rr 5\n/);
  });
});

test('what runs realtime hears Ctrl-C once, wherever it reads from', async () => {
  const { rig } = stage;
  const program = `let heard = 0; process.on("SIGINT", () => console.log("heard", ++heard)); console.log("ready"); setTimeout(() => {}, 3000)`;
  const run = inNamespaceOf(rig.busPid, [...rig.tool, 'run', '--', process.execPath, '-e', program]);
  const redirected = ['sh', '-c', 'exec "$@" </dev/null', 'sh', ...run];
  const opened = Tmux.start(rig.dir, 80, 24, redirected, { DBUS_SYSTEM_BUS_ADDRESS: rig.address });
  terminals.push(opened);
  await shown(opened, /^ready$/m);
  opened.type('C-c');
  await shown(opened, / <0>/);
  expect(opened.screen()).toMatch(/heard 1\n <0>/);
});

describe('top', () => {
  test('shows granted threads, live, until q', async () => {
    const opened = terminal('top -d 0.1');
    await shown(
      opened,
      new RegExp(
        `threads granted  good  \\(q quits\\)\\n\\nUSER +THREAD +NAME +RUNS AS +STATE +CPU +RTTIME\\nalice +${pid}(/\\d+)? +caller .* +active +\\d+\\.\\d% +`,
      ),
    );
    expect(opened.screen()).toMatch(new RegExp(`alice +${pid} +caller +rr 5 +active +0\\.\\d% +0\\.\\d%`));
    opened.resize(20, 10);
    await shown(opened, /\nuser: alice\nthread: \d+\nname: caller\nruns as: /);
    opened.type('pq');
    await shown(opened, /^ <0>$/m);
    expect(opened.screen()).not.toMatch(/alice/);
  });

  test('ends with Ctrl-C, too', async () => {
    const opened = terminal('top');
    await shown(opened, /q quits/);
    opened.type('C-c');
    await shown(opened, /^ <0>$/m);
  });

  test('looks once where there is no terminal', async () => {
    expect(await stage.rig.rtbroker(['top', '-d', '0.1'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          `^(alice\\t${pid}(/\\d+)?\\tcaller\\t(rr 5|other -7)\\tactive\\t\\d+\\.\\d%\\t(\\d+\\.\\d%|-)\\n){2}$`,
        ),
      ),
      stderr: '',
    });
    const { stdout } = await stage.rig.rtbroker(['top', '--json', '-d', '0.1']);
    expect(JSON.parse(stdout)).toContainEqual({
      uid: 4201,
      user: 'alice',
      process: pid,
      thread: pid,
      comm: 'caller',
      actual_policy: 'rr',
      actual_priority: 5,
      state: 'active',
      cpu_share: expect.any(Number),
      rttime_share: expect.any(Number),
    });
  });

  test('goes on when its user asks too often', async () => {
    await stage.restart('SIGUSR1', undefined, { 'burst.user_requests': 3, 'burst.user_refill_per_sec': 1 });
    const opened = terminal('top -d 0.1', 80, {}, 'alice');
    await shown(opened, /q quits/);
    const tooOften = { code: 1, stderr: expect.stringMatching(/asks too often/) };
    await expect.poll(() => stage.rig.rtbroker(['list'], 'alice'), { timeout: 10_000 }).toMatchObject(tooOften);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    opened.type('q');
    await shown(opened, /^ <0>$/m);
  });
});
