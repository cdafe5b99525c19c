import { shapes } from '../../src/cli/manual.ts';

/** The keys that rtbroker(1) says nothing of, of what that verb printed, or of a grant. */
export function undocumented(verb: string, printed: object): readonly string[] {
  const known = Object.keys(shapes[verb] ?? {}).flatMap((keys) => keys.split(', '));
  return Object.keys(printed).filter((key) => !known.includes(key));
}
