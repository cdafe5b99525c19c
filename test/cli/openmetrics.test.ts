import { expect, test } from 'vitest';
import { histogram, openMetrics } from '../../src/cli/openmetrics.ts';

test('a family is its metadata, then its samples', () =>
  expect(
    openMetrics([
      {
        name: 'a',
        type: 'counter',
        help: 'Why "\\ and\nwhat.',
        samples: [{ suffix: '_total', labels: { reason: 'x"\\\ny', kind: '1' }, value: 3 }],
      },
      { name: 'b_seconds', type: 'gauge', unit: 'seconds', help: 'B.', samples: [{ value: 0.5 }] },
      { name: 'c', type: 'gauge', help: 'C.', samples: [] },
    ]),
  ).toEqual([
    '# TYPE a counter',
    '# HELP a Why \\"\\\\ and\\nwhat.',
    'a_total{reason="x\\"\\\\\\ny",kind="1"} 3',
    '# TYPE b_seconds gauge',
    '# UNIT b_seconds seconds',
    '# HELP b_seconds B.',
    'b_seconds 0.5',
    '# TYPE c gauge',
    '# HELP c C.',
    '# EOF',
  ]));

test('the buckets of a histogram add up, and their bounds are floats', () =>
  expect(histogram([0.5, 1, 2.25], [1, 0, 2, 4], 9.75)).toEqual([
    { suffix: '_bucket', labels: { le: '0.5' }, value: 1 },
    { suffix: '_bucket', labels: { le: '1.0' }, value: 1 },
    { suffix: '_bucket', labels: { le: '2.25' }, value: 3 },
    { suffix: '_bucket', labels: { le: '+Inf' }, value: 7 },
    { suffix: '_count', value: 7 },
    { suffix: '_sum', value: 9.75 },
  ]));
