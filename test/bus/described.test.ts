import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownErrorNames } from '../../src/bus/errors.ts';
import type { Face } from '../../src/bus/face.ts';
import { ownFace } from '../../src/bus/own.ts';
import { realtimeKit1Face } from '../../src/bus/realtimekit1.ts';
import { describeGrant, describeLimits, describeStatistics } from '../../src/bus/views.ts';
import { Health } from '../../src/core/health.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import { aView, FakeBroker } from './fake-broker.ts';

// The XML in dbus/ is what people read, the table is what happens, the bus policy is who may: they must say the same.

const root = join(import.meta.dirname, '../..');
const fileOf = (face: Face, ending: string): string =>
  readFileSync(join(root, 'dbus', `${face.busName}${ending}`), 'utf8');

const broker = new FakeBroker();
const subscribers = { add: async () => {}, remove: () => {} };
const own = ownFace({ broker, subscribers, health: new Health(), rulebook: new Rulebook(defaultLimits), version: '1' });
const rtkit = realtimeKit1Face(broker, defaultLimits, () => {});

const attribute = (text: string, name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(text)?.[1] ?? '';
const withoutComments = (xml: string): string => xml.replaceAll(/<!--.*?-->/gs, '');

const membersIn = (xml: string, tag: string) =>
  [...withoutComments(xml).matchAll(new RegExp(`<${tag} name="(\\w+)"(?:/>|>(.*?)</${tag}>)`, 'gs'))].map(
    ([, name, inside = '']) => ({ name, args: [...inside.matchAll(/<arg [^>]*>/g)].map(([arg]) => arg) }),
  );

const methodsIn = (xml: string) =>
  membersIn(xml, 'method').map(({ name, args }) => {
    const types = (direction: string) =>
      args.filter((arg) => attribute(arg, 'direction') === direction).map((arg) => attribute(arg, 'type'));
    return { name, takes: types('in').join(''), gives: types('out').join('') };
  });

/** Theirs all go one way, and say nothing of it. */
const signalsIn = (xml: string) =>
  membersIn(xml, 'signal').map(({ name, args }) => ({
    name,
    signature: args.map((arg) => attribute(arg, 'type') + attribute(arg, 'direction')).join(''),
  }));

const propertiesIn = (xml: string) =>
  [...withoutComments(xml).matchAll(/<property [^>]*>/g)].map(([tag]) => ({
    name: attribute(tag, 'name'),
    signature: attribute(tag, 'type'),
    access: attribute(tag, 'access'),
  }));

/** In both files: the two names are one connection, and whichever file the bus reads last decides. */
const forRoot = ['Exit', 'ResetKnown', 'ResetAll', 'Suspend', 'Resume'].map(
  (name) => `deny send_destination="${rtkit.busName}" send_interface="${rtkit.interface}" send_member="${name}"`,
);

for (const face of [own, rtkit])
  describe(face.interface, () => {
    const xml = fileOf(face, '.xml');

    test('is what the daemon answers Introspect with', () => expect(face.xml).toBe(xml));

    test('is described with the methods of the table, in its order', () =>
      expect(methodsIn(xml)).toEqual(face.methods.map(({ name, takes, gives }) => ({ name, takes, gives }))));

    test('is described with the signals of the table, in its order', () =>
      expect(signalsIn(xml)).toEqual(face.signals));

    test('is described with the properties of the table, in its order, to be read', () =>
      expect(propertiesIn(xml)).toEqual(
        face.properties.map(({ name, signature }) => ({ name, signature, access: 'read' })),
      ));

    test('has a word of documentation on every member and argument', () => {
      const comments = [...xml.matchAll(/<!--(.*?)-->/gs)].map(([, comment]) => comment).join('\n');
      for (const { name } of [...face.methods, ...face.signals, ...face.properties])
        expect(comments).toMatch(new RegExp(`^\\s*(\\w+, )*${name}(, \\w+)*:`, 'm'));
      for (const [, name] of withoutComments(xml).matchAll(/<arg name="(\w+)"/g))
        expect(comments).toContain(`@${name}:`);
    });

    test('may be owned by root alone, and called by anybody; but what is root’s on rtkit’s face by root', () => {
      const policy = fileOf(face, '.conf');
      const policies = [...policy.matchAll(/<policy ([^>]*)>(.*?)<\/policy>/gs)].map(([, who, rules = '']) => ({
        who,
        rules: [...rules.matchAll(/<(allow|deny) ([^/]*)\/>/g)].map(([, verb, what]) =>
          `${verb} ${what}`.replaceAll(/\s+/g, ' '),
        ),
      }));
      expect(policies).toEqual([
        { who: 'user="root"', rules: [`allow own="${face.busName}"`] },
        {
          who: 'context="default"',
          rules: [`allow send_destination="${face.busName}"`, `allow receive_sender="${face.busName}"`, ...forRoot],
        },
        ...(face === rtkit ? [{ who: 'user="root"', rules: [`allow send_destination="${face.busName}"`] }] : []),
      ]);
    });

    test('is started by the one unit', () => {
      const service = fileOf(face, '.service');
      expect(service).toContain(`\nName=${face.busName}\n`);
      expect(service).toContain('\nSystemdService=realtime-broker.service\n');
      expect(service).toMatch(/\nExec=\/usr\/libexec\/realtime-broker\/realtime-brokerd\n/);
      expect(service).toContain('\nUser=root\n');
    });

    test('has its object where its name says', () => expect(face.path).toBe(`/${face.busName.replaceAll('.', '/')}`));
  });

describe('dbus/', () => {
  test('has nothing that belongs to no face', () => {
    const names = [own, rtkit].flatMap(({ busName }) =>
      ['.conf', '.service', '.xml'].map((ending) => busName + ending),
    );
    expect(readdirSync(join(root, 'dbus')).sort()).toEqual(names.sort());
  });

  test('names every error of our own interface, and no other', () => {
    const text = fileOf(own, '.xml');
    const list = text.slice(text.indexOf('Errors are'), text.indexOf('Beside these'));
    const named = [...list.matchAll(/^ {4}([A-Z]\w+) {2}/gm)].map(
      ([, name]) => `org.example.RealtimeBroker.Error.${name}`,
    );
    const ours = ownErrorNames.filter((name) => name.startsWith('org.example.RealtimeBroker.Error.'));
    expect(named).toEqual(ours);
    for (const name of ownErrorNames.filter((each) => !ours.includes(each))) expect(text).toContain(name);
  });

  test('names every key of a grant and of the limits, with its type', () => {
    const text = fileOf(own, '.xml').replaceAll(/\s+/g, ' ');
    const highPriority = {
      ...aView,
      grant: { ...aView.grant, scheduling: { kind: 'high-priority', nice: -1 } as const },
    };
    for (const [key, [type]] of [
      ...describeGrant(aView),
      ...describeGrant(highPriority),
      ...describeLimits(broker.limits()),
      ...describeStatistics(broker.statistics, broker.lateness),
    ])
      expect(text).toMatch(new RegExp(`\\b${key} ${type.replaceAll('{', '\\{')}(?!\\w)`));
  });
});

describe('what rtkit-daemon has', () => {
  const rtkitMethods = [
    ['MakeThreadRealtime', 'tu'],
    ['MakeThreadRealtimeWithPID', 'ttu'],
    ['MakeThreadHighPriority', 'ti'],
    ['MakeThreadHighPriorityWithPID', 'tti'],
  ];
  for (const face of [own, rtkit])
    test(`is on ${face.interface}`, () => {
      const methods = face.methods.map(({ name, takes, gives }) => [name, takes + gives]);
      expect(methods).toEqual(expect.arrayContaining(rtkitMethods));
      const properties = face.properties.map(({ name, signature }) => [name, signature]);
      expect(properties).toEqual(
        expect.arrayContaining([
          ['RTTimeUSecMax', 'x'],
          ['MaxRealtimePriority', 'i'],
          ['MinNiceLevel', 'i'],
        ]),
      );
    });
});
