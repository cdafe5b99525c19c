import { ConfigError, type Problem } from './error.ts';
import { readText, tomlFilesIn, Unusable } from './file.ts';
import { type Settings, type Surroundings, settle } from './settings.ts';
import { Source } from './source.ts';

/** The administrator's file, which stands for the distribution's as a whole if it is there. */
export const defaultFiles = [
  '/etc/realtime-broker/realtime-broker.toml',
  '/usr/lib/realtime-broker/realtime-broker.toml',
] as const;

export interface Places extends Surroundings {
  readonly defaults?: readonly string[];
}

/**
 * Reads FILE, and then FILE.d/*.toml in the order of their names, each of which changes the keys it sets and adds its rules
 * after those before it.
 * @param file must exist; undefined: the first of the default files that is there, if any is, and the drop-ins of the
 *   administrator's in any case
 * @throws ConfigError with all that is wrong with all of them
 */
export function loadConfig(
  file: string | undefined,
  { defaults = defaultFiles, ...surroundings }: Places = {},
): Settings {
  const problems: Problem[] = [];
  const attempt = <Result>(path: string, read: () => Result): Result | undefined => {
    try {
      return read();
    } catch (fault) {
      if (fault instanceof ConfigError) problems.push(...fault.problems);
      else if (fault instanceof Unusable) problems.push({ file: path, text: fault.message });
      else throw fault;
      return undefined;
    }
  };
  /** @returns whether there is such a file, be it good or not */
  const take = (path: string): boolean => {
    const before = problems.length;
    const text = attempt(path, () => readText(path));
    const source = text === undefined ? undefined : attempt(path, () => new Source(text, path));
    if (source !== undefined) sources.push(source);
    return text !== undefined || problems.length > before;
  };

  const sources: Source[] = [];
  const main = (file === undefined ? defaults : [file]).find(take);
  if (file !== undefined && main === undefined) problems.push({ file, text: missing });
  const folder = `${file ?? defaults[0]}.d`;
  for (const path of attempt(folder, () => tomlFilesIn(folder)) ?? []) take(path);

  const incomplete = problems.length > 0;
  const settings = attempt('default', () => settle(sources, { ...surroundings, incomplete }));
  if (problems.length > 0 || settings === undefined) throw new ConfigError(problems);
  return settings;
}

const missing = 'no such file; create it, or leave --config away to use the defaults';
