import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Argument, type Caller, type Face, ownFace, rtkitFace } from '../rig/caller.ts';
import { standardError } from '../rig/refusals.ts';
import { dataOf, Stage } from '../rig/stage.ts';

const make = {
  MakeThreadRealtime: 'tu',
  MakeThreadRealtimeWithPID: 'ttu',
  MakeThreadHighPriority: 'ti',
  MakeThreadHighPriorityWithPID: 'tti',
};
const standard = {
  'org.freedesktop.DBus.Introspectable': { Introspect: '' },
  'org.freedesktop.DBus.Peer': { Ping: '', GetMachineId: '' },
};

/** Every member of every interface, and what it takes. */
const members: readonly (readonly [face: Face, table: Readonly<Record<string, Readonly<Record<string, string>>>>])[] = [
  [
    ownFace,
    {
      [ownFace.name]: { ...make, ListGrants: '', GetLimits: '' },
      'org.freedesktop.DBus.Properties': { Get: 'ss', GetAll: 's', Set: 'ssv' },
      ...standard,
    },
  ],
  [rtkitFace, { [rtkitFace.name]: make, 'org.freedesktop.DBus.Properties': { Get: 'ss', GetAll: 's' }, ...standard }],
];

/** Signatures, each with values for it. */
const bodies: Readonly<Record<string, readonly Argument[]>> = {
  '': [],
  s: ['x'],
  t: [1],
  tt: [1, 1],
  tu: [1, 1],
  ti: [1, 1],
  ut: [1, 1],
  ui: [1, 1],
  xu: [1, 1],
  tx: [1, 1],
  ty: [1, 1],
  td: [1, 1],
  ttu: [1, 1, 1],
  tti: [1, 1, 1],
  tuu: [1, 1, 1],
  ttuu: [1, 1, 1, 1],
  ss: ['x', 'x'],
  so: ['x', '/x'],
  ssv: ['x', 'x', 't', 1],
  sss: ['x', 'x', 'x'],
  v: ['t', 1],
  vu: ['t', 1, 1],
  '(tu)': [1, 1],
  at: [2, 1, 1],
  ay: [2],
  as: [1, 'x'],
  'a{sv}': [1, 'x', 't', 1],
};

let stage: Stage;
let alice: Caller;
beforeAll(async () => {
  stage = await Stage.start();
  alice = await stage.caller();
});
afterAll(() => stage.stop());

for (const [face, table] of members)
  for (const [name, methods] of Object.entries(table))
    describe(`${name} at ${face.path}`, () => {
      const call = (member: string, signature: string) =>
        alice.call({ ...face, interface: name }, member, signature, ...(bodies[signature] ?? []));

      for (const [member, takes] of Object.entries(methods))
        test(`${member} takes '${takes}' and nothing else`, async () => {
          const fits = (signature: string) => (face === rtkitFace ? signature.startsWith(takes) : signature === takes);
          const before = await stage.snapshot(alice);
          for (const signature of Object.keys(bodies).filter((each) => !fits(each)))
            expect([signature, await call(member, signature)]).toMatchObject([
              signature,
              { ok: false, error: standardError('InvalidArgs'), text: expect.stringContaining(member) },
            ]);
          expect(await stage.snapshot(alice)).toEqual(before);
        });

      if (name === rtkitFace.name)
        test('what comes after the arguments is not looked at', async () => {
          for (const [member, takes] of Object.entries(make)) {
            const before = [...takes].map((type) => (type === 't' ? 0 : type === 'u' ? 5 : -5));
            const args = takes.startsWith('tt') ? [alice.pid, ...before.slice(1)] : before;
            for (const [more, ...values] of [
              ['s', 'x'],
              ['av', 1, 't', 1],
              ['a{sv}', 1, 'x', 'v', 't', 1],
            ] as const)
              dataOf(await alice.call(face, member, takes + more, ...args, ...values));
          }
        });
    });
