import { expect, onTestFinished, test } from 'vitest';
import { keepOnFirstCpu } from '../rig/cgroup.ts';
import { loadCpu, player } from '../rig/load.ts';
import { cpuset, twoCpus } from '../rig/needs.ts';
import { Stage } from '../rig/stage.ts';

test('a CPU where a granted thread may run, and no canary can, is named in Degraded', { timeout: 600_000 }, async ({
  skip,
}) => {
  for (const { name, lacking } of [cpuset, twoCpus]) skip(lacking(), name);
  const stage = await Stage.start({}, { alone: true });
  const letGo = keepOnFirstCpu(stage.broker.pid);
  onTestFinished(() => stage.stop());
  const degraded = async () => (await stage.property('Degraded')) as string[];
  const before = (await degraded()).filter((word) => !word.startsWith('no-canary'));
  expect(await degraded()).toEqual(before);

  // It may run there; that it does not yet is no comfort.
  const load = await stage.load([player(10, 10_000)]);
  await load.granted(load.tid, 10);
  const word = `no-canary-on-cpu-${loadCpu}`;
  await expect.poll(degraded).toEqual([...before, word].sort());
  expect(stage.broker.lines.join('\n')).toMatch(
    new RegExp(`^warning: No canary can be put on CPU ${loadCpu}, where`, 'm'),
  );

  letGo();
  await expect.poll(degraded).toEqual(before);
  console.log(`a CPU out of the broker's reach: named as ${word}, until it was back`);
});
