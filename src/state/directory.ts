import { lstatSync, mkdirSync } from 'node:fs';

/**
 * Makes sure that the runtime directory is there and ours: whoever can write in it could tell us what we granted.
 * @throws Error that says what was found and what to do
 */
export function openStateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory()) throw new Error(`${directory} is not a directory; remove it, or pass another --state-dir`);
  if (found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0)
    throw new Error(
      `${directory} is writable by others (uid ${found.uid}, mode ${(found.mode & 0o7777).toString(8)}); ` +
        'chown it to root, chmod it 700, or pass another --state-dir',
    );
}
