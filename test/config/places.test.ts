import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { locate, nameOf } from '../../src/config/places.ts';

/** The paths, three names deep, that the parser found. What is in an array has its index for a name. */
function pathsOf(text: string): readonly string[] {
  const paths: string[] = [];
  const walk = (node: unknown, path: readonly string[]): void => {
    if (path.length > 0) paths.push(nameOf(path));
    if (path.length === 3 || typeof node !== 'object' || node === null || node instanceof Date) return;
    for (const [name, below] of Object.entries(node)) walk(below, [...path, name]);
  };
  walk(parse(text), []);
  return paths.sort();
}

const placesOf = (text: string): readonly string[] => [...locate(text).keys()].sort();

const texts: ReadonlyArray<readonly [title: string, text: string]> = [
  ['nothing', ''],
  ['comments only', '# [a]\n#b = 1\n   # "'],
  ['brackets and signs in strings', 'a = "[b]\\"=#"\nc = \'[d] = "\'\n[e]\nf = "\\\\"\ng = 1'],
  ['long strings', 'a = """\n[b]\nc = 1 \\""" "\n"""\nd = \'\'\'\n[e] \'\' \'\'\'\nf = 1'],
  ['quotes at the end of long strings', 'a = """""x"""""\nb = \'\'\'\'\'x\'\'\'\'\'\nc = ""\nd = """"""\ne = 1'],
  ['arrays of all things', 'a = [ [1, "]"], # ]\n {b = 1, c = [2]}, 1979-05-27,\n]\nd = 1'],
  ['tables in tables', 'a = {b = {c = 1}, d.e = 2, "f.g" = [{h = 1}], i = {}}\nj = 1'],
  ['quoted and dotted keys', '"a b".\'c.d\'.e = 1\n"a b" . f = 2\n\'"\' = 3\n"\\u0041" = 4'],
  ['a table in brackets and quotes', '["a]b".c]\nd = 1\n[ e . \'f]\' ]\ng = 1'],
  ['arrays of tables', '[[a]]\nb = 1\n[[a]]\nb = 2\n[[c.d]]\ne = 1'],
  ['tables in arrays of tables', '[a]\nx = 1\n[[a.b]]\nc = 1\n[a.b.d]\ne = 1'],
  ['dates with spaces', 'a = 1979-05-27 07:32:00-08:00 # b = 1\nc = 07:32:00'],
  ['numbers of all kinds', 'a = +1_0\nb = -0.5e-3\nc = 0xdead\nd = -inf\ne = nan'],
  ['names every object has', '__proto__ = {constructor = 1}\n[toString]\n__proto__ = 1'],
  ['keys that are numbers', '1 = 1\n3.14 = 2\n-_- = 3'],
  ['carriage returns', 'a = 1\r\n\r\n[b]\r\nc = """\r\nd = 1\r\n"""\r\ne = [\r\n1,\r\n]\r\n'],
  ['names that are empty', '"" = 1\n[a.""]\nb = 1'],
  ['keys without end', `${'a.'.repeat(1000)}b = 1`],
];

for (const [title, text] of texts) {
  test(`finds what the parser finds: ${title}`, () => expect(placesOf(text)).toEqual(pathsOf(text)));
}

const written = (text: string, ...path: string[]) => {
  const { value, end } = locate(text).get(nameOf(path))!;
  return text.slice(value, end).trimEnd();
};

test('knows what was written as a value', () => {
  expect(written('a = 1979-05-27 07:32:00 # x', 'a')).toBe('1979-05-27 07:32:00');
  expect(written('a = "x # y" # z', 'a')).toBe('"x # y"');
  expect(written('a = { b = 1_0 , c = [1,\n2] }', 'a', 'b')).toBe('1_0');
  expect(written('a = { b = 1_0 , c = [1,\n2] }', 'a', 'c')).toBe('[1,\n2]');
  expect(written("a = '''x''''", 'a')).toBe("'''x''''");
});

test('ends, whatever it is given', () => {
  for (const [, text] of texts) {
    for (let end = 0; end < Math.min(text.length, 200); end++) {
      try {
        locate(text.slice(0, end));
      } catch (fault) {
        expect(fault).toBeInstanceOf(Error);
      }
    }
  }
});
