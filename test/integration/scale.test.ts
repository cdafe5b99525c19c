import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolkitStops } from '../../bench/polkit.ts';
import { picture } from '../../bench/scale/picture.ts';
import { measureSteps } from '../../bench/scale/step.ts';
import { faultsOf } from '../../bench/scale/wellformed.ts';
import { type Rig, startRig } from '../rig/rig.ts';

// npm run bench:scale goes on to ten thousand.

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

test('two hundred threads of twenty users are granted, listed and let go again, and the curves are drawn', async () => {
  const plan = {
    ...{ held: [20, 200], users: 20, connections: 8, nodeFlags: [], settleMsec: 300 },
    ...{ grants: 16, properties: 16, lists: 1, restSec: 1, warmUp: 10 },
  };
  const steps = await measureSteps({ rig, plan, stops: new PolkitStops() });
  expect(steps.map(({ held }) => held)).toEqual([0, 20, 200, 0]);
  for (const { grant, crowded, property, residentMiB, cpu } of steps) {
    for (const { p50, p99 } of [grant, crowded, property]) expect(p99).toBeGreaterThanOrEqual(p50);
    for (const figure of [grant.p50, crowded.perSec, property.p50, residentMiB, cpu.broker, cpu.bus])
      expect(figure).toBeGreaterThan(0);
  }
  expect(steps.map(({ list }) => Number.isFinite(list))).toEqual([true, true, true, false]);
  expect(faultsOf(picture(steps, 'a small form'))).toEqual([]);
}, 60_000);
