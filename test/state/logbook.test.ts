import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Deed, Legacy } from '../../src/core/legacy.ts';
import { inherit } from '../../src/core/legacy.ts';
import { ordinary } from '../../src/core/scheduling.ts';
import { keyOf } from '../../src/core/thread.ts';
import { judge } from '../../src/state/reading.ts';
import { grantOf, logbookContract } from '../contracts/logbook.ts';
import { FileStage, heading } from './stage.ts';

describe('a logbook in a file', () => logbookContract(() => new FileStage()));

test('is for nobody else', () => {
  using stage = new FileStage();
  stage.logbook.begin();
  expect(statSync(stage.file).mode & 0o777).toBe(0o600);
});

test('is as long as what it holds, whatever came and went', () => {
  using stage = new FileStage();
  const held = new Map<number, Deed>();
  stage.logbook.contents = () => held.values();
  stage.logbook.begin();
  let longest = 0;
  for (let number = 0; number < 5000; number++) {
    const grant = grantOf(1 + (number % 40));
    held.set(grant.thread.tid, { kind: 'granted', grant });
    stage.logbook.intend({ grant, before: ordinary }).keep();
    if (number % 3 > 0) continue;
    held.delete(grant.thread.tid);
    stage.logbook.write({ kind: 'ended', key: keyOf(grant.thread) });
    longest = Math.max(longest, statSync(stage.file).size);
  }
  expect(longest).toBeLessThan(320 * 1024);
  expect(stage.inherited()).toEqual(inherit([...held.values()]));
});

test('written anew between an intention and its end, it has what came of it', () => {
  using stage = new FileStage();
  const held: Deed[] = [];
  stage.logbook.contents = () => held;
  stage.logbook.begin();
  const size = () => statSync(stage.file).size;
  let anew = 0;
  for (let number = 0; anew < 3 && number < 5000; number++) {
    const grant = grantOf(1, 1 + (number % 20));
    const intention = stage.logbook.intend({ grant, before: ordinary });
    // As the broker does it: the ledger has it first.
    held[0] = { kind: 'granted', grant };
    const before = size();
    intention.keep();
    if (size() > before) continue;
    anew++;
    expect(stage.inherited().threads).toEqual([{ grant }]);
  }
  expect(anew).toBe(3);
});

test('says what holds while it is being written anew, and pulls little of that at once', () => {
  using stage = new FileStage();
  const held = new Map<number, Deed>();
  let pulled = 0;
  stage.logbook.contents = function* () {
    for (const deed of held.values()) {
      pulled++;
      yield deed;
    }
  };
  for (let tid = 1; tid <= 300; tid++) held.set(tid, { kind: 'granted', grant: grantOf(tid) });
  stage.logbook.begin();
  let [most, halfway] = [0, 0];
  for (let number = 0; number < 2000; number++) {
    // Anew with another priority; gone; demoted: each one whether it was copied already or not.
    const tid = 1 + ((number * 7) % 300);
    const grant = grantOf(tid, 1 + (number % 9));
    const before = pulled;
    if (number % 3 === 0 && held.delete(tid)) {
      stage.logbook.write({ kind: 'ended', key: keyOf(grant.thread) });
    } else {
      held.delete(tid);
      const intention = stage.logbook.intend({ grant, before: ordinary });
      held.set(tid, { kind: 'granted', grant });
      intention.keep();
    }
    most = Math.max(most, pulled - before);
    if (existsSync(`${stage.file}.new`)) halfway++;
    if (number % 50 > 0 && !existsSync(`${stage.file}.new`)) continue;
    expect(grantsIn(stage.inherited())).toEqual(grantsIn(inherit(held.values())));
  }
  expect(halfway).toBeGreaterThan(10);
  expect(most).toBeLessThanOrEqual(32);
});

test('is read as it was, when its writer is killed before the new one has its name', () => {
  using stage = new FileStage();
  stage.logbook.contents = () => [{ kind: 'granted', grant: grantOf(1) }];
  stage.logbook.begin();
  writeFileSync(`${stage.file}.new`, 'half of a');
  expect(stage.inherited().threads).toHaveLength(1);
  stage.logbook.begin();
  expect(existsSync(`${stage.file}.new`)).toBe(false);
  expect(stage.inherited().threads).toHaveLength(1);
});

test('tells when its trouble begins and ends, not each time', () => {
  using stage = new FileStage();
  stage.logbook.begin();
  stage.fill(true);
  for (const tid of [1, 2, 3]) stage.logbook.write({ kind: 'granted', grant: grantOf(tid) });
  expect(stage.troubles).toEqual(['EFBIG']);
  stage.fill(false);
  for (const tid of [1, 2, 3]) stage.logbook.write({ kind: 'granted', grant: grantOf(tid) });
  expect(stage.troubles).toEqual(['EFBIG', undefined]);
});

test('goes on in the old file while no second one can be made', () => {
  using stage = new FileStage();
  stage.logbook.begin();
  rmSync(stage.dir, { recursive: true });
  for (let number = 0; number < 1000; number++) stage.logbook.write({ kind: 'granted', grant: grantOf(1) });
  expect(stage.troubles).toEqual([]);
  mkdirSync(stage.dir);
  for (let number = 0; number < 1000; number++) stage.logbook.write({ kind: 'granted', grant: grantOf(1) });
  expect(existsSync(stage.file)).toBe(true);
});

describe('cut off', () => {
  const bytes = written();

  test('anywhere behind its heading, it says what it said up to there', () => {
    const ends = [...bytes.keys()].filter((at) => bytes[at] === 10).map((at) => at + 1);
    const [headingEnd = 0] = ends;
    const whole = deedsOf(bytes);
    for (let length = headingEnd; length <= bytes.length; length++) {
      const reading = judge(bytes.subarray(0, length), heading.boot);
      const before = ends.filter((end) => end <= length).length - 1;
      expect(reading).toEqual({ kind: 'whole', heading, deeds: whole.slice(0, before), torn: !ends.includes(length) });
    }
  });

  test('within its heading, it is damaged', () => {
    const headingEnd = bytes.indexOf(10) + 1;
    for (let length = 0; length < headingEnd; length++)
      expect(judge(bytes.subarray(0, length), heading.boot)).toMatchObject({ kind: 'damaged', deeds: [] });
  });
});

test('with a bit turned over anywhere, it is damaged, or torn at its end; and never says what was not written', () => {
  const bytes = written();
  const whole = deedsOf(bytes).map((deed) => JSON.stringify(deed, digits));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    const reading = judge(changed, heading.boot);
    const tornAtItsEnd = reading.kind === 'whole' && reading.torn && at === bytes.length - 1;
    expect(tornAtItsEnd || reading.kind).toBe(tornAtItsEnd || 'damaged');
    const deeds = reading.kind === 'none' ? [] : reading.deeds.map((deed) => JSON.stringify(deed, digits));
    expect(deeds.length).toBeGreaterThanOrEqual(at > bytes.indexOf(10) ? whole.length - 2 : 0);
    expect(deeds.filter((deed) => !whole.includes(deed))).toEqual([]);
  }
});

const grantsIn = ({ threads }: Legacy) =>
  threads.map(({ grant }) => grant).sort((one, other) => (one?.thread.tid ?? 0) - (other?.thread.tid ?? 0));

function written(): Buffer {
  using stage = new FileStage();
  stage.logbook.contents = () => [{ kind: 'granted', grant: grantOf(1) }];
  stage.logbook.begin();
  stage.logbook.intend({ grant: grantOf(2, 5, 'a "name"\nof two lines, é'), before: ordinary }).keep();
  stage.logbook.write({ kind: 'demoted', key: keyOf(grantOf(1).thread), reason: 'silence' });
  const { process } = grantOf(1).thread;
  stage.logbook.write({ kind: 'offended', process, conduct: { untilMsec: 1.5, offences: 1 } });
  return readFileSync(stage.file);
}

function deedsOf(bytes: Buffer): readonly Deed[] {
  const reading = judge(bytes, heading.boot);
  if (reading.kind !== 'whole') throw new Error(`it is ${reading.kind}`);
  return reading.deeds;
}

const digits = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);
