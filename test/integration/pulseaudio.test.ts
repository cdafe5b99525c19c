import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Child } from '../rig/child.ts';
import { commOf, look, tidsOf } from '../rig/kernel.ts';
import { Stage } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
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
