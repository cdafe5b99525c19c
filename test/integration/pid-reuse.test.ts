import { expect, test } from 'vitest';
import { Child } from '../rig/child.ts';
import { smallPidNamespace } from '../rig/needs.ts';
import { built, fromRoot } from '../rig/paths.ts';

/** The bus, the broker and all who ask live where there are 140 ids beyond those that are given once only. */
const inside = `
  cd "$1" && shift
  echo 440 > /proc/sys/kernel/pid_max
  for id in $(seq 420); do /bin/true; done
  "$@"; exit $?`;

test('where ids are soon used again, a broker that is killed again and again takes nobody for another', async (context) => {
  if (smallPidNamespace.lacking()) context.skip(smallPidNamespace.name);
  const namespace = [
    'unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    inside,
    'sh',
    fromRoot(),
  ];
  const kills = [process.execPath, built('build/kills.js'), '--kills', '10', '--seed', '3'];
  const child = await Child.start('kills', [...namespace, ...kills]);
  const { code } = await child.exited;
  const said = child.lines.join('\n');
  console.log(said);
  expect(code, said).toBe(0);
  expect(Number(/(\d+) tids came again/.exec(said)?.[1])).toBeGreaterThan(0);
}, 60_000);
