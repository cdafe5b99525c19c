import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Child } from '../rig/child.ts';
import { inNamespaceOf } from '../rig/namespace.ts';
import { Stage } from '../rig/stage.ts';
import { users } from '../rig/users.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.stop());

const run = (...words: string[]) => stage.rig.rtbroker(['run', ...words], 'alice', { PATH: '/usr/bin:/bin' });
const sh = (script: string) => ['sh', '-c', script];

describe('rtbroker run', () => {
  test('starts a program whose main thread is realtime, with an RLIMIT_RTTIME, from the start', async () => {
    const { stdout, code, stderr } = await run('-p', '7', '--', ...sh('chrt -p $$; grep realtime /proc/$$/limits'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /policy: SCHED_RR\|SCHED_RESET_ON_FORK\n.*priority: 7\nMax realtime priority .*\nMax realtime timeout +200000 +200000 +us/,
    );
  });

  test('asks for the highest priority there is, unless told', async () => {
    expect(await run(...sh('chrt -p $$'))).toMatchObject({ code: 0, stdout: expect.stringMatching(/priority: 20\n$/) });
  });

  test('has what is realtime by the name of the program', async () => {
    const child = await start('sleep', '60');
    await expect.poll(() => stage.grants()).toMatchObject([{ Comm: 'sleep', Priority: 20, Uid: 4201 }]);
    child.signal('SIGTERM');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test.each([
    ['what the program exits with', sh('exit 7'), 7, /^$/],
    [
      '127 for what is not there',
      ['no-such-program'],
      127,
      /^rtbroker: cannot run 'no-such-program': No such file or directory\n$/,
    ],
    ['126 for what is no program', ['/etc/passwd'], 126, /^rtbroker: cannot run '\/etc\/passwd': Permission denied\n$/],
  ])('exits with %s', async (_, command, code, stderr) => {
    expect(await run('--', ...command)).toEqual({ code, stdout: '', stderr: expect.stringMatching(stderr) });
  });

  test('does not start what is refused', async () => {
    const mark = join(stage.rig.dir, 'nothing', 'started');
    expect(await run('-p', '50', '--', 'touch', mark)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^rtbroker: Priority 50 is above the limit of 20\. Ask for at most 20/),
    });
    const bob = await stage.rig.rtbroker(['run', '--', 'touch', mark], 'bob');
    expect(bob).toMatchObject({ code: 1, stderr: expect.stringMatching(/polkit does not allow/) });
    expect(existsSync(mark)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1'] as const)('passes %s on', async (signal) => {
    const child = await start(
      ...sh(`trap 'echo heard; exit 3' ${signal.slice(3)}; echo ready; for i in $(seq 500); do sleep 0.02; done`),
    );
    await child.line(/^ready$/);
    child.signal(signal);
    await child.line(/^heard$/);
    expect(await child.exited).toEqual({ code: 3, signal: null });
  });

  test('is ended by what ends the program', async () => {
    const child = await start(...sh('kill -KILL $$'));
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('is of no use without a program', async () => {
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringMatching(/run wants PROGRAM/) });
    expect(await run('-p', '0', 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'0' is no realtime priority/),
    });
  });

  const children: Child[] = [];
  afterEach(() => Promise.all(children.splice(0).map((child) => child.stop())));
  const start = async (...command: string[]): Promise<Child> => {
    const env = { DBUS_SYSTEM_BUS_ADDRESS: stage.rig.address };
    const words = inNamespaceOf(stage.rig.busPid, [...stage.rig.tool, 'run', '--', ...command], users.alice);
    const child = await Child.start('rtbroker run', words, { env });
    children.push(child);
    return child;
  };
});
