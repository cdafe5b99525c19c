import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { hog } from '../rig/load.ts';
import { Stage } from '../rig/stage.ts';

// A hog burns on one CPU until it is demoted, and ends by itself within ten seconds.

const cooldownMsec = 6000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ 'canary.cooldown_sec': cooldownMsec / 1000 });
  await stage.rig.alone();
}, 600_000);
afterAll(() => stage.stop());

test('a hog that was demoted cools down on under the next broker, for what was left, and is realtime again', async () => {
  const bad = await stage.load([hog()]);
  await bad.granted(bad.tid, 10);
  await bad.work();
  await bad.until(bad.tid, 'other');
  await bad.rest(bad.tid);
  const demotedMsec = performance.now();
  await expect.poll(async () => (await stage.grants())[0]?.State).toBe('demoted');
  const before = await stage.grants();

  await stage.restart('SIGKILL');
  expect(await stage.grants()).toEqual(before);
  const { answer, text } = await bad.ask(ownFace, bad.tid, 5);
  expect(answer).toBe(`${ownFace.name}.Error.CoolingDown`);
  const [, left = ''] = /in ([\d.]+) s/.exec(text ?? '') ?? [];
  expect(Number(left)).toBeLessThanOrEqual(cooldownMsec / 1000 - 0.1);

  await expect.poll(async () => (await stage.grants())[0]?.State, { timeout: cooldownMsec }).toBe('active');
  expect(performance.now() - demotedMsec).toBeGreaterThan(cooldownMsec - 500);
  expect(look(bad.tid)).toMatchObject({ policy: 'rr', priority: 10 });
});
