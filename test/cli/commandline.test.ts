import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/cli/commandline.ts';
import { WrongUse } from '../../src/cli/complaint.ts';
import { help, helpOf } from '../../src/cli/help.ts';
import { parseNice, parseThreadId, showThreadId } from '../../src/cli/operands.ts';
import { verbs } from '../../src/cli/verbs.ts';

const parsed = (line: string) => parseCommandLine(line.split(' ').filter(Boolean), verbs);

const wrong: readonly (readonly [line: string, text: RegExp, verb?: string])[] = [
  ['', /^name a verb/],
  ['lst', /no verb 'lst'\. Did you mean 'list'\?/],
  ['__proto__', /no verb '__proto__'\.$/],
  ['--jsn status', /no flag '--jsn'/],
  ['--version=1', /takes no value/],
  ['list --al', /no flag '--al'\. Did you mean '--all'\?/, 'list'],
  ['list everything', /list takes nothing: 'everything' is too much/, 'list'],
  ['list \x1b[31m', /: '\\u\{1b\}\[31m' is too much/, 'list'],
  ['grant', /grant wants PID\[\/TID\]/, 'grant'],
  ['grant 1 2 3', /grant takes PID\[\/TID\] \[PRIORITY\]: '3' is too much/, 'grant'],
  ['grant 1 --json', /no flag '--json'/, 'grant'],
  ['run', /run wants PROGRAM/, 'run'],
  ['run -p', /--priority wants a value/, 'run'],
];

for (const [line, text, verb] of wrong)
  test(`'${line}' is wrong use`, () => {
    const parse = () => parsed(line);
    expect(parse).toThrow(WrongUse);
    expect(parse).toThrow(text);
    expect(parse).toThrow(expect.objectContaining({ status: 2, verb }));
  });

test('flags for all verbs may stand before the verb and behind it', () => {
  for (const line of ['--bus unix:path=/b list --json', 'list --json --bus=unix:path=/b'])
    expect(parsed(line)).toMatchObject({
      deed: 'run',
      verb: { name: 'list' },
      bus: 'unix:path=/b',
      asked: { json: true },
    });
  expect(parsed('--help list')).toMatchObject({ deed: 'help', verb: { name: 'list' } });
  expect(parsed('grant --help')).toMatchObject({ deed: 'help', verb: { name: 'grant' } });
  expect(parsed('-h')).toEqual({ deed: 'help', verb: undefined });
  expect(parsed('--version')).toEqual({ deed: 'version' });
});

test("a program's flags are its own", () => {
  for (const line of ['run -p 5 -- ls -l --help', 'run -p5 ls -l --help'])
    expect(parsed(line)).toMatchObject({ deed: 'run', asked: { operands: ['ls', '-l', '--help'] } });
});

describe('ids', () => {
  test.each([
    ['4711', { process: 4711, thread: 0 }, '4711'],
    ['4711/4712', { process: 4711, thread: 4712 }, '4711/4712'],
    ['4711/4711', { process: 4711, thread: 0 }, '4711'],
    ['4711/0', { process: 4711, thread: 0 }, '4711'],
  ])('%s', (word, id, shown) => {
    expect(parseThreadId(word)).toEqual(id);
    expect(showThreadId(id)).toBe(shown);
  });

  test.each(['', '0', '-1', 'firefox', '1/', '/1', '1/2/3', '1 ', '0x10', '1e3', '12345678901', '１'])(
    '%j is none',
    (word) => expect(() => parseThreadId(word)).toThrow(WrongUse),
  );

  test.each(['', '-21', '20', '1.5', 'x', '--1'])('%j is no nice level', (word) =>
    expect(() => parseNice(word)).toThrow(WrongUse),
  );
});

describe('help', () => {
  const pages = [['rtbroker', help(verbs)] as const, ...verbs.map((verb) => [verb.name, helpOf(verb)] as const)];

  test.each(pages)('of %s fits on a terminal', (_, text) => {
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThan(80);
  });

  test('names every verb, and every flag of one', () => {
    for (const verb of verbs) {
      expect(help(verbs)).toContain(`\n  ${verb.name} `.trimEnd());
      for (const { name, doc } of verb.flags) {
        expect(helpOf(verb)).toContain(`--${name}`);
        expect(helpOf(verb).replaceAll(/\s+/g, ' ')).toContain(doc);
      }
    }
  });

  test('speaks in sentences', () => {
    for (const { summary, details, flags } of verbs) {
      expect(summary).toMatch(/^[a-z].*[^.]$/);
      expect(details).toMatch(/^[A-Z].*\.$/);
      for (const { doc } of flags) expect(doc).toMatch(/^[a-zS].*[^.]$/);
    }
  });
});
