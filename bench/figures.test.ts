import { describe, expect, test } from 'vitest';
import type { Measured, Shot } from './client.ts';
import { bigMessageFigures, figuresOf } from './figures.ts';
import { parseOptions } from './options.ts';
import { bigMessageVerdict, table } from './report.ts';
import { Results, ratios, spread } from './results.ts';
import { median, quantile } from './stats.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('statistics', () => {
  const quantiles: readonly (readonly [share: number, expected: number])[] = [
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.995, 100],
    [1, 100],
  ];
  for (const [share, expected] of quantiles)
    test(`of 1 to 100, ${expected} is not exceeded by ${share * 100} %`, () => {
      expect(quantile(hundred, share)).toBe(expected);
    });

  test('the median of an even number of values lies between both in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });
});

test('a rate counts calls by the time all of them took together, not by their own', () => {
  const measured: Measured = {
    what: 'grant',
    connections: 2,
    held: 0,
    wallUsec: 2000,
    cpuUsec: { service: 400, polkitd: 800, bus: 200 },
    wakeups: 4,
    usec: [1000, 1000, 1000, 1000],
  };
  const values = figuresOf('grant', ['p50', 'rate', 'cpu', 'polkitd'], measured).map(({ name, value }) => [
    name,
    value,
  ]);
  expect(Object.fromEntries(values)).toEqual({
    'grant p50': 1,
    'grant rate': 2000,
    'grant CPU daemon': 0.1,
    'grant CPU dbus-daemon': 0.05,
    'grant CPU polkitd': 0.2,
  });
});

const shot = (shape: string, worstUsec: number, answer = 'org.freedesktop.DBus.Error.InvalidArgs'): Shot => ({
  what: 'bigmessage',
  shape,
  answer,
  tookUsec: 50_000,
  worstUsec,
  quietUsec: 100,
});

test('of several big messages of a shape the worst counts', () => {
  const figures = bigMessageFigures([shot('ay', 3000), shot('as', 1000), shot('ay', 9000)]);
  expect(figures.find(({ name }) => name === 'bigmessage ay bystander')?.value).toBe(9);
});

for (const answer of ['reply', 'org.freedesktop.DBus.Error.NoReply', 'Connection timed out'])
  test(`a big message that gets '${answer}' was not turned away`, () => {
    expect(() => bigMessageFigures([shot('ay', 1, answer)])).toThrow(answer);
  });

describe('a report', () => {
  const results = new Results();
  for (const [theirs, ours] of [
    [1, 2],
    [10, 5],
    [4, 4],
  ] as const) {
    results.add('rtkit', [{ name: 'bigmessage ay bystander', unit: 'ms', value: theirs }]);
    results.add('broker', [{ name: 'bigmessage ay bystander', unit: 'ms', value: ours }]);
    results.add('floor', [{ name: 'bigmessage ay bystander', unit: 'ms', value: 1.5 }]);
  }
  const [row] = results.rows;

  test('compares within a round, never across', () => {
    expect(row && ratios(row, 'broker')).toEqual([2, 0.5, 1]);
  });

  test('shows the median, and how far the rounds lie apart', () => {
    expect(row && spread(row.values.rtkit)).toEqual({ median: 4, min: 1, max: 10 });
    expect(table(results.rows)).toContain(
      '4.00 (1.00–10.0)  4.00 (2.00–5.00)  1.00 (0.500–2.00)  -            -                  1.50 (1.50–1.50)',
    );
  });

  test('tells how much longer a bystander waits for the broker than for the sink', () => {
    expect(bigMessageVerdict(results.rows)).toContain('ay 2.5');
  });

  test('shows what was not measured as such', () => {
    const none = new Results();
    none.add('broker', [{ name: 'held', unit: 'ms', value: 1234 }]);
    expect(table(none.rows)).toMatch(/held\s+ms\s+-\s+1234\s+-\s+-\s+-\s+-$/);
  });
});

describe('options', () => {
  const wrong: readonly (readonly string[])[] = [
    ['--rounds', '0'],
    ['--rounds', '2.5'],
    ['--only', 'x'],
    ['--subject', 'x'],
    ['--fast'],
  ];
  for (const args of wrong)
    test(`'${args.join(' ')}' is refused`, () => {
      expect(() => parseOptions(args)).toThrow(TypeError);
    });

  test('cases may be chosen', () => {
    expect(parseOptions(['--only', 'grant', '--only', 'start', '--subject', 'floor', '--long'])).toEqual({
      rounds: 5,
      subjects: ['floor'],
      long: true,
      only: ['grant', 'start'],
      json: undefined,
      nodeFlags: [],
    });
  });

  test('flags go to the Node of the broker', () => {
    expect(parseOptions(['--node=--jitless', '--node=--cpu-prof'])).toMatchObject({
      nodeFlags: ['--jitless', '--cpu-prof'],
    });
  });
});
