import { join } from 'node:path';
import { doubted, inherit, type Legacy } from '../core/legacy.ts';
import type { Advertised } from '../core/limits.ts';
import type { Journal } from '../ports.ts';
import { setAside } from './aside.ts';
import { openStateDirectory } from './directory.ts';
import { lock } from './lock.ts';
import { FileLogbook } from './logbook.ts';
import { readLogbook } from './reading.ts';

/** What is kept in the runtime directory, and what was found there. */
export interface State {
  readonly logbook: FileLogbook;
  readonly legacy: Legacy;
  /** As in this boot's first broker. */
  readonly advertised: Advertised;
  /** Not all could be read that a predecessor wrote: there may be threads nobody knows of any more. */
  readonly damaged: boolean;
}

/**
 * @param boot the machine's boot id, or anyBoot
 * @param advertised what is said in this boot, if nothing has been said in it yet
 * @throws Error that says what to do, when the directory cannot be used, or is another broker's
 */
export function openState(directory: string, boot: string, advertised: Advertised, journal: Journal): State {
  openStateDirectory(directory);
  lock(directory);
  const file = join(directory, 'logbook');
  const reading = readLogbook(file, boot);
  const heading = (reading.kind !== 'none' && reading.heading) || { boot, advertised };
  const logbook = new FileLogbook(file, heading);
  const found = { logbook, advertised: heading.advertised };

  switch (reading.kind) {
    case 'none':
      return { ...found, legacy: inherit([]), damaged: false };
    case 'whole':
      if (reading.torn)
        journal.info(`${file}: the last record was cut off when its writer was killed; it does not count.`);
      return { ...found, legacy: inherit(reading.deeds), damaged: false };
    case 'damaged':
      journal.error(`${file} is damaged: ${reading.why}. ${asideTold(file)}`, { reason: 'state-damaged' });
      return { ...found, legacy: doubted(inherit(reading.deeds)), damaged: true };
  }
}

function asideTold(file: string): string {
  try {
    return `It is kept as ${setAside(file)}.`;
  } catch (fault) {
    return `It cannot be kept: ${fault instanceof Error ? fault.message : fault}.`;
  }
}
