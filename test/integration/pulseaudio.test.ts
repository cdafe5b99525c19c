import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rtkitFace } from '../rig/caller.ts';
import type { Child } from '../rig/child.ts';
import { commOf, look, tidsOf } from '../rig/kernel.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, defaultPatience, Stage } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start(defaultPatience);
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** Debian's PulseAudio, with a sink that needs no device, and priorities wanted as Debian's own configuration wants them. */
const startPulseAudio = (user: UserName): Promise<Child> =>
  stage.program(
    stage.rig.makeHome(user),
    ...['pulseaudio', '-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--log-level=debug'],
    ...['--realtime=yes', '--high-priority=yes', '--load=module-null-sink'],
  );

const sinkThread = (pid: number) => tidsOf(pid).find((tid) => commOf(pid, tid) === 'null-sink');

test("C15 C29 a real PulseAudio's sink thread is realtime, though each connection it asked on is closed", async () => {
  const pulseaudio = await startPulseAudio('alice');
  await pulseaudio.line(/Successfully enabled SCHED_RR scheduling for thread, with priority 5/);
  expect(look(sinkThread(pulseaudio.pid) ?? 0)).toMatchObject({
    ...{ policy: 'rr', priority: 5, resetOnFork: true, nice: 0 },
    ...{ rttimeSoft: 200_000, rttimeHard: 200_000 },
  });
  expect(look(pulseaudio.pid)).toMatchObject({ policy: 'other', priority: 0, resetOnFork: true, nice: -11 });

  const ours = { Uid: 4201, Process: pulseaudio.pid, Program: '/usr/bin/pulseaudio', State: 'active' };
  const grants = (await stage.grants()).sort((one, other) => (String(one.Kind) < String(other.Kind) ? -1 : 1));
  expect(grants).toMatchObject([
    { ...ours, Kind: 'high-priority', Nice: -11 },
    { ...ours, Kind: 'realtime', Priority: 5, ActualPolicy: 'rr' },
  ]);
});

test('C30 what a PulseAudio asks for in vain costs no other program of its user anything', async () => {
  const pulseaudio = await startPulseAudio('bob');
  await pulseaudio.line(/Failed to acquire real-time scheduling/);
  expect(look(sinkThread(pulseaudio.pid) ?? 0)).toMatchObject({ policy: 'other', priority: 0, nice: 0 });
  expect(look(pulseaudio.pid)).toMatchObject({ policy: 'other', priority: 0, nice: 0 });

  await stage.rig.addRules(`polkit.addRule(function (action, subject) {
    return subject.user === 'bob' ? polkit.Result.YES : polkit.Result.NOT_HANDLED;
  });`);
  const other = await stage.caller('bob');
  for (let times = 0; times < 25; times++) dataOf(await ask(rtkitFace, realtime(other, 0, 5)));
  expect(look(other.pid)).toMatchObject({ policy: 'rr', priority: 5, resetOnFork: true });
});
