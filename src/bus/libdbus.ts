import { type Misuse, UnknownMember, WrongArguments } from './misuse.ts';
import { endOfType } from './skip.ts';

/** What libdbus, which rtkit-daemon leaves these errors to, would say of it; nothing where it says nothing. */
export function libdbusText(misuse: Misuse): readonly string[] {
  if (misuse instanceof WrongArguments) return [aboutArguments(misuse)];
  if (!(misuse instanceof UnknownMember)) return [];
  const { interface: interfaceName = '(null)', member = '', signature = '' } = misuse.call;
  return [`Method "${member}" with signature "${signature}" on interface "${interfaceName}" doesn't exist`];
}

/** It looks at one after the other; what we serve under rtkit's name takes basic types only, a character each. */
function aboutArguments({ takes, came }: WrongArguments): string {
  let at = 0;
  for (const [index, wanted] of [...takes].entries()) {
    if (at >= came.length && index > 0) return `Message has only ${index} arguments, but more were expected`;
    const actual = came.charAt(at);
    if (actual !== wanted)
      return `Argument ${index} is specified to be of type "${nameOf(wanted)}", but is actually of type "${nameOf(actual)}"`;
    at = endOfType(came, at) + 1;
  }
  return `Message has more than ${takes.length} arguments`;
}

const names: Readonly<Record<string, string>> = {
  y: 'byte',
  b: 'boolean',
  n: 'int16',
  q: 'uint16',
  i: 'int32',
  u: 'uint32',
  x: 'int64',
  t: 'uint64',
  d: 'double',
  s: 'string',
  o: 'object_path',
  g: 'signature',
  h: 'unix_fd',
  v: 'variant',
  a: 'array',
  '(': 'struct',
};

/** No argument at all is of the type "invalid" to libdbus. */
const nameOf = (type: string): string => names[type] ?? 'invalid';
