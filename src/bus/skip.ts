import { type Cursor, Malformed, type Script } from './cursor.ts';

/** Variants within variants: the specification allows 64 containers in all. */
const depthMax = 64;

/** Alignment of each type, which for those of fixed size is their size too. Specification, "Summary of types". */
const alignments = new Map(
  Object.entries({ y: 1, g: 1, v: 1, n: 2, q: 2, b: 4, i: 4, u: 4, h: 4, s: 4, o: 4, a: 4, x: 8, t: 8, d: 8, '(': 8 }),
);

/** Passes over values of these types: an array by its length alone, however many elements it has. @throws Malformed */
export function* skip(signature: string, cursor: Cursor, depth = 0): Script<void> {
  if (depth > depthMax) throw new Malformed('variants nested too deep');

  for (let i = 0; i < signature.length; i++) {
    const type = signature.charAt(i);
    if (type === ')') continue;
    const alignment = alignmentOf(type);
    yield cursor.align(alignment);
    switch (type) {
      case '(':
        break;
      case 's':
      case 'o':
        yield cursor.take(4);
        yield cursor.skip(cursor.uint32() + 1);
        break;
      case 'g':
        yield cursor.take(1);
        yield cursor.skip(cursor.byte(0) + 1);
        break;
      case 'v': {
        yield cursor.take(1);
        const length = cursor.byte(0);
        yield cursor.take(length + 1);
        yield* skip(cursor.text(length), cursor, depth + 1);
        break;
      }
      case 'a': {
        yield cursor.take(4);
        const length = cursor.uint32();
        // The length does not count the padding before the first element.
        yield cursor.align(alignmentOf(signature.charAt(i + 1)));
        yield cursor.skip(length);
        i = endOfType(signature, i + 1);
        break;
      }
      default:
        yield cursor.skip(alignment);
    }
  }
}

function alignmentOf(type: string): number {
  const alignment = alignments.get(type === '{' ? '(' : type);
  if (alignment === undefined) throw new Malformed(`there is no type '${type}'`);
  return alignment;
}

/** @returns the index of the last character of the complete type that begins at `start` */
export function endOfType(signature: string, start: number): number {
  let at = start;
  while (signature.charAt(at) === 'a') at++;
  for (let open = 0; at < signature.length; at++) {
    const type = signature.charAt(at);
    if (type === '(' || type === '{') open++;
    if (type === ')' || type === '}') open--;
    if (open === 0) break;
  }
  return at;
}
