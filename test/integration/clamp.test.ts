import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { sysResource } from '../rig/needs.ts';
import { expectRefused } from '../rig/refusals.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ 'rttime.policy': 'clamp' });
});
afterAll(() => stage.stop());

test('without CAP_SYS_RESOURCE the policy "clamp" refuses who has no limit, and the broker says that it is lacking', async () => {
  const degraded = await stage.property('Degraded');
  expect(degraded === undefined ? [] : degraded).toEqual(sysResource.lacking() ? ['no-clamp'] : []);
  const alice = await stage.caller('alice', 'unlimited');
  for (const face of [ownFace, rtkitFace])
    if (sysResource.lacking())
      expectRefused(await ask(face, realtime(alice, 0, 10)), face, 'RTTimeUnset', 'RLIMIT_RTTIME');
});

// What a guest is there for as well: test/vm/guest/clamp.test.ts.
test('with it who has no limit is given the highest', async (context) => {
  if (sysResource.lacking()) context.skip(sysResource.name);
  const alice = await stage.caller('alice', 'unlimited');
  dataOf(await ask(ownFace, realtime(alice, 0, 10)));
  expect(look(alice.pid)).toMatchObject({ policy: 'rr', rttimeSoft: 200_000, rttimeHard: 200_000 });
});
