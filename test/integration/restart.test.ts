import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

describe('a broker that is killed', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  test('C40: has a successor with the same grants, each as it was', async () => {
    const [alice, carol] = [await stage.caller(), await stage.caller('carol')];
    const tids = [await alice.thread(), await alice.thread(), await carol.thread()];
    dataOf(await ask(ownFace, realtime(alice, tids[0] ?? 0, 5)));
    dataOf(await ask(rtkitFace, highPriority(alice, tids[1] ?? 0, -7)));
    dataOf(await ask(rtkitFace, realtime(carol, tids[2] ?? 0, 20)));
    dataOf(await ask(ownFace, realtime(carol, 0, 1)));
    const before = await stage.snapshot(alice);

    await stage.restart('SIGKILL');
    expect(await stage.snapshot(alice)).toEqual(before);
    expect(before.grants).toHaveLength(4);
    expect(stage.broker.lines.join('\n')).toContain(
      'info: 4 of 4 grants were taken over from the broker before: 4 run as granted.',
    );

    await alice.end(tids[0] ?? 0);
    await expect.poll(() => stage.property('ThreadCount')).toBe(3);
    dataOf(await ask(rtkitFace, highPriority(carol, 0, 0)));
    await stage.restart('SIGKILL');
    expect(await stage.property('ThreadCount')).toBe(2);
  });
});
