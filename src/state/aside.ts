import { linkSync, renameSync, rmSync } from 'node:fs';

/** So many damaged logbooks are kept, the newest first. */
const keptMax = 3;

const nameOf = (file: string, number: number): string => `${file}.damaged-${number}`;

/**
 * Keeps what cannot be used for whoever wants to know what happened. A file keeps its own name, too, until a new one
 * takes it: if we are killed meanwhile, the next broker finds it there.
 * @returns where it is kept; @throws Error of fs
 */
export function setAside(file: string): string {
  rmSync(nameOf(file, keptMax), { recursive: true, force: true });
  for (let number = keptMax - 1; number >= 1; number--) renameIfThere(nameOf(file, number), nameOf(file, number + 1));
  try {
    linkSync(file, nameOf(file, 1));
  } catch {
    renameSync(file, nameOf(file, 1)); // A directory.
  }
  return nameOf(file, 1);
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
  }
}
