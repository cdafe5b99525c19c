import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Agent } from '../rig/agent.ts';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { expectRefused, standardError } from '../rig/refusals.ts';
import { ask, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

/** bob may do everything, once he has typed his password. */
const rules = `polkit.addRule(function (action, subject) {
  if (subject.user === 'bob') return polkit.Result.AUTH_SELF;
});`;
const interactionRequired = { ok: false, error: standardError('InteractiveAuthorizationRequired') };

let stage: Stage;
let bob: Caller;
let agent: Agent;
beforeAll(async () => {
  stage = await Stage.start();
  await stage.rig.addRules(rules);
});
beforeEach(async () => {
  bob = await stage.caller('bob');
  agent = await Agent.start(stage.rig.address, bob);
});
afterEach(async () => {
  await agent.stop();
  await stage.clear();
});
afterAll(() => stage.stop());

/** alice, and a worker thread of hers that is realtime. */
const granted = async () => {
  const alice = await stage.caller('alice');
  const tid = await alice.thread();
  dataOf(await ask(ownFace, realtime(alice, tid, 5)));
  return { tid, ids: [alice.pid, tid] as const };
};

describe('a call that lets polkit ask a person', () => {
  test('is done once the password is typed', async () => {
    const { tid, ids } = await granted();
    expect(dataOf(await bob.askPerson(ownFace, 'DemoteThread', 'tt', ...ids))).toEqual([]);
    expect(look(tid)).toMatchObject({ policy: 'other' });
    expect(agent.asked).toEqual(['org.example.RealtimeBroker.manage']);
  });

  test('is refused when the dialog is closed', async () => {
    const { tid, ids } = await granted();
    agent.person = 'closes';
    expectRefused(await bob.askPerson(ownFace, 'DemoteThread', 'tt', ...ids), ownFace, 'NotAuthorized', 'manage');
    expect(look(tid)).toMatchObject({ policy: 'rr' });
  });

  test('lists everybody’s grants then, and his own without', async () => {
    const { tid } = await granted();
    const [all] = dataOf(await bob.askPerson(ownFace, 'ListGrants')) as [{ Thread: { data: number } }[]];
    expect(all.map(({ Thread }) => Thread.data)).toEqual([tid]);
    agent.person = 'closes';
    expect(dataOf(await bob.askPerson(ownFace, 'ListGrants'))).toEqual([[]]);
    expect(agent.asked).toEqual(['org.example.RealtimeBroker.inspect', 'org.example.RealtimeBroker.inspect']);
  });

  test('may be for realtime itself, on our own interface alone', async () => {
    const own = realtime(bob, 0, 5);
    expect(await ask(ownFace, own)).toMatchObject(interactionRequired);
    expect(await bob.askPerson(rtkitFace, own.member, own.signature, ...own.args)).toMatchObject({ ok: false });
    expect(agent.asked).toEqual([]);
    dataOf(await bob.askPerson(ownFace, own.member, own.signature, ...own.args));
    expect(look(bob.pid)).toMatchObject({ policy: 'rr', priority: 5 });
  });

  test('keeps nobody else waiting', async () => {
    const { ids } = await granted();
    agent.person = 'sleeps';
    await bob.send(ownFace, 'ListGrants');
    const waiting = bob.askPerson(ownFace, 'DemoteThread', 'tt', ...ids);
    await expect.poll(() => agent.asked).toEqual(['org.example.RealtimeBroker.manage']);
    const other = await stage.caller('bob');
    expect(await other.call(ownFace, 'DemoteThread', 'tt', ...ids)).toMatchObject(interactionRequired);
    expect(await granted()).toBeDefined();
    await stage.root.call(ownFace, 'DemoteAll');
    await agent.stop();
    expect(await waiting).toMatchObject({ ok: false });
  });
});

test('without the flag nobody is asked', async () => {
  const { tid, ids } = await granted();
  expect(await bob.call(ownFace, 'DemoteThread', 'tt', ...ids)).toMatchObject(interactionRequired);
  expect(agent.asked).toEqual([]);
  expect(look(tid)).toMatchObject({ policy: 'rr' });
});
