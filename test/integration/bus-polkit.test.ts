import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import type { Pid, Process, StartTime, Uid } from '../../src/core/thread.ts';
import { PolkitAuthority } from '../../src/polkit/authority.ts';
import { Memory } from '../../src/polkit/memory.ts';
import type { Caller } from '../rig/caller.ts';
import { type Rig, startRig } from '../rig/rig.ts';

let rig: Rig;
let connection: Connection;
let alice: Caller;
let bob: Caller;
beforeAll(async () => {
  rig = await startRig();
  connection = await connectBus(rig.address);
  alice = await rig.spawnCaller('alice');
  bob = await rig.spawnCaller('bob');
});
afterAll(async () => {
  connection.close();
  await rig.stop();
});

const startTimeOf = (pid: number): StartTime => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '') as StartTime;
};
const processOf = ({ pid, user }: Caller): Process => ({
  pid: pid as Pid,
  starttime: startTimeOf(pid),
  uid: user.uid as Uid,
});

/** @returns the reason of the refusal, or "yes", and whether polkit could be asked */
async function ask(process: Process, deadlineMsec = 5000): Promise<readonly [string, boolean | undefined]> {
  let available: boolean | undefined;
  const authority = new PolkitAuthority(connection, {
    deadlineMsec,
    memory: new Memory(0, () => 0),
    onAvailable: (is) => {
      available = is;
    },
  });
  const answer = await authority.authorize(process, 'own', 'realtime', 'usual').then(
    () => 'yes',
    (fault) => fault.message as string,
  );
  return [answer, available];
}

describe('a real polkitd', () => {
  test('allows who a rule allows', async () => expect(await ask(processOf(alice))).toEqual(['yes', true]));

  test('refuses everybody else', async () => {
    const [answer, available] = await ask(processOf(bob));
    expect(answer).toContain(
      `polkit does not allow org.example.RealtimeBroker.acquire-real-time to process ${bob.pid}`,
    );
    expect(available).toBe(true);
  });

  test('C25 goes by the uid it is told: it knows int32, and ignores any other type', async () => {
    expect(await ask({ ...processOf(bob), uid: alice.user.uid as Uid })).toEqual(['yes', true]);
  });

  test('that hangs is waited for no longer than the deadline, and is itself again when it goes on', async () => {
    await rig.pausePolkit();
    const start = performance.now();
    const [answer, available] = await ask(processOf(alice), 200);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(answer).toBe(
      'polkit could not be asked: it did not answer within 0.2 s. Check that polkitd runs, then ask again.',
    );
    expect(available).toBe(false);
    rig.resumePolkit();
    expect(await ask(processOf(alice))).toEqual(['yes', true]);
  });

  test('that does not run is said to be missing, and is found when it comes back', async () => {
    await rig.stopPolkit();
    const [answer, available] = await ask(processOf(alice));
    expect(answer).toContain('polkit could not be asked: it does not run and cannot be started.');
    expect(available).toBe(false);
    await rig.startPolkit();
    expect(await ask(processOf(alice))).toEqual(['yes', true]);
  });
});
