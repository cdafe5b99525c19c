import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resetAll } from '../conformance/cases.ts';
import { outcomeOf, Side } from '../conformance/side.ts';
import { rtkitFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { look } from '../rig/kernel.ts';
import { fromRoot, root } from '../rig/paths.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

// ResetAll takes realtime from whoever has it on the machine: from other tests, from whatever plays there. So this file
// runs once more, in a PID namespace of its own, in which there is nobody else.

const inside = 'RUN_IN_PID_NAMESPACE';
const file = 'test/integration/reset-all.test.ts';
const vitest = [process.execPath, fromRoot('node_modules/vitest/vitest.mjs'), 'run', '--project', 'bus', file];

if (process.env[inside] === undefined)
  test('in a PID namespace of its own, all goes well', { timeout: 120_000, retry: 0 }, async () => {
    const namespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const command = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', root, ...namespace, ...vitest];
    const env = { [inside]: readlinkSync('/proc/self/ns/pid'), NO_COLOR: '1' };
    const run = await Child.start('vitest', command, { env });
    const { code } = await run.exited;
    expect([code, run.lines.join('\n')]).toEqual([0, expect.stringMatching(/Tests +3 passed \(3\)/)]);
  });
else {
  test('nobody else is here', () => {
    expect(readlinkSync('/proc/self/ns/pid')).not.toBe(process.env[inside]);
    expect(readlinkSync('/proc/1/ns/pid')).toBe(readlinkSync('/proc/self/ns/pid'));
  });

  test('C36 ResetAll demotes whoever is realtime, but root and who is merely nice', async () => {
    const stage = await Stage.start();
    const [alice, bob, root] = [await stage.caller(), await stage.caller('bob'), await stage.caller('root')];
    const [tid, fifo] = [await alice.thread(), await bob.thread()];
    dataOf(await ask(rtkitFace, realtime(alice, tid, 5)));
    dataOf(await ask(rtkitFace, highPriority(alice, 0, -5)));
    dataOf(await ask(rtkitFace, realtime(root, 0, 5)));
    execFileSync('chrt', ['--fifo', '--pid', '30', `${fifo}`]);
    expect(look(fifo)).toMatchObject({ policy: 'fifo', priority: 30 });

    expect(dataOf(await stage.root.call(rtkitFace, 'ResetAll'))).toEqual([]);
    const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
    expect([tid, fifo].map(look)).toMatchObject([ordinary, ordinary]);
    expect([alice.pid, root.pid].map(look)).toMatchObject([{ nice: -5 }, { policy: 'rr', priority: 5 }]);
    expect(await stage.grants()).toMatchObject([{ Kind: 'high-priority' }, { Uid: 0 }]);
    await stage.stop();
  });

  let sides: readonly Side[];
  beforeAll(async () => {
    sides = await Promise.all([Side.rtkit(), Side.broker()]);
    await Promise.all(sides.map((side) => side.begin()));
  });
  afterAll(() => Promise.all(sides.map((side) => side.stop())));

  test('and rtkit does the same', async () => {
    const outcomes = [];
    // One after the other: each would take it from the other's.
    for (const side of sides) outcomes.push(await outcomeOf(resetAll, side));
    const same = { answer: '()', threads: 'other nice -5 reset, other, other' };
    expect(outcomes).toEqual([same, same]);
  });
}
