import xml from '../../dbus/org.example.RealtimeBroker.xml';
import { page, plain, sentences, terms } from '../core/mdoc.ts';

/** org.example.RealtimeBroker(5): what dbus/org.example.RealtimeBroker.xml says, for people. */
export function manual(): string {
  const [preface, members] = [prefaceOf(xml), membersOf(xml)];
  const of = (kind: Kind) => members.filter((member) => member.kind === kind);
  return page('org.example.RealtimeBroker', 5, 'the D-Bus interface of realtime-brokerd', [
    ['SYNOPSIS', synopsis],
    ['DESCRIPTION', description],
    ['ERROR NAMES', errors(preface)],
    ['METHODS', terms(of('method').map(entry))],
    ['SIGNALS', terms(of('signal').map(entry))],
    ['PROPERTIES', terms(properties(of('property')))],
    ['SEE ALSO', '.Xr busctl 1 ,\n.Xr rtbroker 1 ,\n.Xr sched 7 ,\n.Xr realtime-brokerd 8'],
  ]);
}

const synopsis = `.Bl -tag -width interface -compact
.It bus name
.Li org.example.RealtimeBroker
.It object
.Li /org/example/RealtimeBroker
.It interface
.Li org.example.RealtimeBroker
.El`;

const description = `The interface of
.Xr realtime-brokerd 8
on the system bus.
Types are those of the D-Bus specification:
.Sy t
and
.Sy x
are 64-bit numbers without and with a sign,
.Sy u
and
.Sy i
32-bit ones,
.Sy s
a text,
.Sy b
true or false,
.Sy a{sv}
a dictionary.
The daemon serves
.Li org.freedesktop.RealtimeKit1 ,
rtkit's interface, too.`;

type Kind = 'method' | 'signal' | 'property';

interface Member {
  readonly kind: Kind;
  readonly name: string;
  readonly type: string;
  readonly arguments: readonly Argument[];
  readonly comment: Comment | undefined;
}

interface Argument {
  readonly name: string;
  readonly type: string;
  readonly out: boolean;
}

interface Comment {
  /** What each argument means. */
  readonly arguments: readonly (readonly [name: string, text: string])[];
  readonly paragraphs: readonly string[];
}

const attribute = (tag: string, name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';

const tags = /(?:<!--((?:(?!-->).)*)-->\s*)?<(method|signal|property) ([^>]*?)(?:\/>|>(.*?)<\/\2>)/gs;

function membersOf(text: string): readonly Member[] {
  return [...text.matchAll(tags)].map(([, comment, kind, tag = '', inside = '']) => ({
    kind: kind as Kind,
    name: attribute(` ${tag}`, 'name'),
    type: attribute(` ${tag}`, 'type'),
    arguments: [...inside.matchAll(/<arg [^>]*>/g)].map(([arg]) => ({
      name: attribute(arg, 'name'),
      type: attribute(arg, 'type'),
      out: attribute(arg, 'direction') === 'out',
    })),
    comment: comment === undefined ? undefined : parseComment(comment),
  }));
}

/** "Name:", or several; a line "@argument: text" for each, with what is indented below it; then paragraphs. */
function parseComment(comment: string): Comment {
  const text = comment.replace(/^\s*(?:\w+, )*\w+:\s*/, '').trim();
  const args: [string, string][] = [];
  const paragraphs: string[] = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    const [first = '', ...named] = paragraph.split(/(?:^|\n)\s*@(?=\w+:)/);
    if (first.trim() !== '') paragraphs.push(oneLine(first));
    for (const each of named) {
      const [, name = '', meaning = ''] = /^(\w+):\s*(.*)$/s.exec(each) ?? [];
      args.push([name, oneLine(meaning)]);
    }
  }
  return { arguments: args, paragraphs };
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function entry({ name, arguments: args, comment }: Member): readonly [string, string] {
  const shown = (out: boolean) =>
    args
      .filter((argument) => argument.out === out)
      .map(({ name: argument, type }) => `${type} ${argument}`)
      .join(', ');
  const gives = shown(true);
  const term = `Ic ${name} Ns ( ${plain(shown(false))} )${gives === '' ? '' : ` -> ( ${plain(gives)} )`}`;
  return [term.replace('(  )', '()'), textOf(comment)];
}

function textOf(comment: Comment | undefined): string {
  if (comment === undefined) return '';
  const args = comment.arguments.map(([name, text]) => [`Ar ${name}`, sentences(text)] as const);
  return [...(args.length === 0 ? [] : [compact(args)]), ...comment.paragraphs.map(sentences)].join('\n.Pp\n');
}

const compact = (items: readonly (readonly [string, string])[]): string => terms(items).replace('Ds', 'Ds -compact');

/** One comment may be about several. */
function properties(members: readonly Member[]): readonly (readonly [string, string])[] {
  const items: (readonly [string, string])[] = [];
  for (const { name, type, comment } of members) {
    const term = `Ic ${name} Po ${type} Pc`;
    const [before, text] = comment === undefined ? (items.pop() ?? ['', '']) : ['', textOf(comment)];
    items.push([before === '' ? term : `${before} , ${term}`, text]);
  }
  return items;
}

function prefaceOf(text: string): string {
  return /<!--(.*?)-->/s.exec(text)?.[1] ?? '';
}

/** The paragraphs of the first comment, and the table in it: two blanks and more divide a name from its meaning. */
function errors(preface: string): string {
  const rows = [...preface.matchAll(/^ {4}([A-Z]\w+) {2,}(.*)$/gm)].map(
    ([, name = '', text = '']) => [`Er ${name}`, sentences(text)] as const,
  );
  const paragraphs = preface
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/^ {4}[A-Z]\w+ {2,}.*$/gm, '').trim())
    .filter(Boolean)
    .slice(1);
  const [before = '', ...after] = paragraphs.map((paragraph) => sentences(oneLine(paragraph)));
  return [before, terms(rows), ...after.map((paragraph) => `.Pp\n${paragraph}`)].join('\n');
}
