import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { Configured } from '../rig/configured.ts';
import { expectRefused } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf } from '../rig/stage.ts';
import { putIntoUnit } from '../rig/unit.ts';

let configured: Configured;
beforeAll(async () => {
  configured = await Configured.start();
});
afterEach(() => configured.stage.clear());
afterAll(() => configured.stop());

const rule = (conditions: string, what: string) => `[[rule]]\n${conditions}\n${what}`;
/** Where the rule stands that is alone in its file. */
const origin = () => `${configured.file}:1`;

describe('a rule that refuses', () => {
  test('refuses its user everything on both faces, names its line, and nobody else', async () => {
    await configured.configure({ main: rule('user = "alice"', 'refuse = true') });
    const [alice, carol] = [await configured.stage.caller('alice'), await configured.stage.caller('carol')];
    for (const face of [ownFace, rtkitFace])
      for (const request of [realtime(alice, 0, 1), highPriority(alice, 0, -1)]) {
        const words = `The rule at ${origin()} refuses process ${alice.pid} everything`;
        expectRefused(await ask(face, request), face, 'NotAuthorized', words);
      }
    expect(await configured.stage.limits(alice)).toMatchObject({ RefusedBy: origin() });
    dataOf(await ask(ownFace, realtime(carol, 0, 20)));
    expect(await configured.stage.limits(carol)).toMatchObject({ RefusedBy: '' });
  });

  test('is lifted by one after it', async () => {
    await configured.configure({
      main: rule('group = "alice"', 'refuse = true'),
      dropIns: { 'alice.toml': rule('user = "alice"', 'refuse = false') },
    });
    dataOf(await ask(ownFace, realtime(await configured.stage.caller('alice'), 0, 20)));
  });
});

describe('a rule that takes', () => {
  const lowered = 'realtime_priority_max = 5';
  /** alice may have 5 and no more, by the rule; carol what everybody may. */
  const expectLowered = async (prepare: (pid: number) => void = () => {}) => {
    const [alice, carol] = [await configured.stage.caller('alice'), await configured.stage.caller('carol')];
    prepare(alice.pid);
    const words = `Priority 6 is above the limit of 5. Ask for at most 5, or raise realtime_priority_max of the rule at ${origin()}.`;
    for (const face of [ownFace, rtkitFace])
      expectRefused(await ask(face, realtime(alice, 0, 6)), face, 'PriorityAboveLimit', words);
    expect(await configured.stage.limits(alice)).toMatchObject({ MaxRealtimePriority: 5 });
    dataOf(await ask(ownFace, realtime(alice, 0, 5)));
    dataOf(await ask(ownFace, realtime(carol, 0, 20)));
  };

  test('from a user, by his uid', async () => {
    await configured.configure({ main: rule('user = 4201', lowered) });
    await expectLowered();
  });

  test('from a group that its member has left, as who has subordinate gids can', async () => {
    await configured.configure({ main: rule('group = "realtime"', lowered) });
    // The rig's callers have no supplementary groups; alice is a member.
    const [alice, bob] = [await configured.stage.caller('alice'), await configured.stage.caller('bob')];
    expect(await configured.stage.limits(alice)).toMatchObject({ MaxRealtimePriority: 5 });
    expect(await configured.stage.limits(bob)).toMatchObject({ MaxRealtimePriority: 20 });
  });

  test('from a group', async () => {
    await configured.configure({ main: rule('group = "alice"', lowered) });
    await expectLowered();
  });

  test('from a program, whoever runs it', async () => {
    const program = join(configured.stage.rig.dir, 'caller');
    await configured.configure({ main: rule(`executable = "${program}"`, lowered) });
    const [alice, carol] = [await configured.stage.caller('alice'), await configured.stage.caller('carol')];
    for (const caller of [alice, carol])
      expectRefused(await ask(ownFace, realtime(caller, 0, 6)), ownFace, 'PriorityAboveLimit', origin());
    await configured.configure({ main: rule('executable = "/bin/sh"', lowered) });
    dataOf(await ask(ownFace, realtime(alice, 0, 6)));
  });

  const putInto = (unit: string) => (pid: number) => putIntoUnit(pid, unit);
  const slice = `rtbroker_test_${process.pid}.slice`;
  const manager = `${slice}/user@4201.service`;

  test('from a unit of the system', async () => {
    await configured.configure({ main: rule('unit = "greedy.service"', lowered) });
    await expectLowered(putInto(`${slice}/greedy.service/below`));
  });

  test('from all in a slice', async () => {
    await configured.configure({ main: rule(`slice = "${slice}"`, lowered) });
    await expectLowered(putInto(`${manager}/app.slice/greedy.service`));
  });

  test("from a unit of the user's own", async () => {
    await configured.configure({ main: rule('user_unit = "greedy.service"', lowered) });
    await expectLowered(putInto(`${manager}/app.slice/greedy.service`));
  });

  test('does not mistake a unit of his own for one of the system', async () => {
    await configured.configure({ main: rule('unit = "greedy.service"', lowered) });
    const alice = await configured.stage.caller('alice');
    putInto(`${manager}/app.slice/greedy.service`)(alice.pid);
    dataOf(await ask(ownFace, realtime(alice, 0, 20)));
  });

  test('counts threads by its own limit', async () => {
    await configured.configure({ main: rule('user = "alice"', 'realtime_threads_per_user_max = 1') });
    const alice = await configured.stage.caller('alice');
    dataOf(await ask(ownFace, realtime(alice, 0, 5)));
    const words = `realtime_threads_per_user_max of the rule at ${origin()}`;
    expectRefused(await ask(ownFace, realtime(alice, await alice.thread(), 5)), ownFace, 'ThreadLimit', words);
    expect(await configured.stage.limits(alice)).toMatchObject({
      RealtimeThreadsMax: 1,
      RealtimeThreadsUsed: 1,
      RealtimeThreadsPerProcessMax: 1,
    });
  });
});

describe('a rule that gives', () => {
  test('gives to whom it names', async () => {
    await configured.configure({ main: rule('group = "alice"', 'realtime_priority_max = 40') });
    const [alice, carol] = [await configured.stage.caller('alice'), await configured.stage.caller('carol')];
    dataOf(await ask(ownFace, realtime(alice, 0, 40)));
    expectRefused(await ask(ownFace, realtime(carol, 0, 21)), ownFace, 'PriorityAboveLimit', 'limit of 20');
  });

  test('is not taken for whom users can look like', async () => {
    await configured.configure({});
    const reply = await configured.reload({ main: rule('executable = "/bin/sh"', 'realtime_priority_max = 40') });
    expect(reply).toMatchObject({
      error: `${ownFace.name}.Error.InvalidConfiguration`,
      text: expect.stringContaining(`${configured.file}:3:25: rule.realtime_priority_max is 40, above the 20`),
    });
  });
});
