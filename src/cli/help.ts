import { flagsAlone, flagsOf } from './commandline.ts';
import type { Verb } from './verb.ts';
import type { Flag } from './words.ts';

const width = 78;

const exitStatusText = 'Exit status: 0 done, 1 refused or unhealthy, 2 wrong use, 3 no broker reached.';

/** What --help prints, without a verb. */
export function help(verbs: readonly Verb[]): string {
  const column = Math.max(...verbs.map((verb) => synopsis(verb).length)) + 2;
  return [
    'Usage: rtbroker VERB [FLAG]... [OPERAND]...',
    'Sees, explains and changes which threads realtime-broker has made realtime.',
    '',
    ...verbs.flatMap((verb) => entry(synopsis(verb), verb.summary, column)),
    '',
    ...flagLines(flagsAlone),
    '',
    "'rtbroker VERB --help' tells more of a verb. Verbs that print data have --json.",
    exitStatusText,
    '',
  ].join('\n');
}

/** What --help prints of one verb. */
export function helpOf(verb: Verb): string {
  const usage = ['rtbroker', verb.name, ...verb.flags.map((flag) => `[${flagUsage(flag)}]`), operandUsage(verb)];
  return [
    ...wrapped(`Usage: ${usage.filter(Boolean).join(' ')}`, width, '  '),
    ...wrapped(`${capital(verb.summary)}.`, width),
    '',
    ...wrapped(verb.details, width),
    '',
    ...flagLines(flagsOf(verb)),
    '',
    exitStatusText,
    '',
  ].join('\n');
}

/** "explain PID[/TID] [PRIORITY]" */
const synopsis = (verb: Verb): string => [verb.name, operandUsage(verb)].filter(Boolean).join(' ');

export const operandUsage = ({ operands, startsProgram }: Verb): string =>
  [...(startsProgram ? ['--'] : []), ...operands].join(' ');

export const flagUsage = ({ name, short, value }: Flag): string =>
  [short === undefined ? `--${name}` : `-${short}`, ...(value === undefined ? [] : [value])].join(' ');

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function flagLines(flags: readonly Flag[]): readonly string[] {
  const named = flags.map((flag) => {
    const long = flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${flag.value}`;
    return [flag.short === undefined ? `    ${long}` : `-${flag.short}, ${long}`, flag.doc] as const;
  });
  const column = Math.max(...named.map(([name]) => name.length)) + 2;
  return named.flatMap(([name, doc]) => entry(name, doc, column));
}

const entry = (name: string, text: string, column: number): readonly string[] => {
  const indent = ' '.repeat(column + 2);
  const [first = '', ...more] = wrapped(text, width - column - 2);
  return [`  ${name.padEnd(column)}${first}`, ...more.map((line) => indent + line)];
};

function wrapped(text: string, room: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
