import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ordinary } from '../../src/core/scheduling.ts';
import type { Tid } from '../../src/core/thread.ts';
import { openLibrary } from '../../src/linux/library.ts';
import { ownFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { look } from '../rig/kernel.ts';
import { built } from '../rig/paths.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

const library = openLibrary(built('dist/librealtime-broker.so'));
/** As chrt(1) and ananicy do. */
const change = (tid: number) => library.setScheduling(tid as Tid, { ...ordinary, policy: 'batch', nice: 3 });

let stage: Stage;
let meddler: Child;
beforeAll(async () => {
  stage = await Stage.start({ 'drift.reassert': true });
  copyFileSync('/bin/sleep', join(stage.rig.dir, 'ananicy-cpp'));
  meddler = await Child.start('a meddler', [join(stage.rig.dir, 'ananicy-cpp'), '60']);
});
afterAll(async () => {
  await meddler.stop();
  await stage.stop();
});

test('within ten seconds it is seen who runs otherwise than granted, and what follows', async () => {
  const alice = await stage.caller('alice');
  const [changed, relaxed] = [await alice.thread(), await alice.thread()];
  for (const tid of [changed, relaxed]) dataOf(await ask(ownFace, realtime(alice, tid, 5)));
  change(changed);
  await alice.relax(relaxed);
  expect(await stage.grants()).toMatchObject([
    { Thread: changed, State: 'drifted', Reason: 'changed-by-others', ActualPolicy: 'batch', ActualPriority: 3 },
    { Thread: relaxed, State: 'drifted', Reason: 'left' },
  ]);

  await expect.poll(() => stage.journalOf(changed).length, { timeout: 10_000 }).toBe(2);
  expect(stage.journalOf(changed)[1]).toMatch(
    /runs as batch 3 by now \(changed-by-others\)\. It was put back \(drift\.reassert\)\..* running: .*ananicy-cpp/,
  );
  expect(look(changed)).toMatchObject({ policy: 'rr', priority: 5, resetOnFork: true });
  expect(await stage.grants()).toMatchObject([{ Thread: changed, State: 'active', Reason: '' }]);
  expect(look(relaxed)).toMatchObject({ policy: 'other', nice: 0 });
  expect(stage.journalOf(relaxed).at(-1)).toMatch(/it left its grant/);
});
