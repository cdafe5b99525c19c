import { describe } from 'vitest';
import { logbookContract } from '../contracts/logbook.ts';
import { FakeLogbook } from './logbook.ts';

describe('a logbook of paper', () =>
  logbookContract(() => {
    const logbook = new FakeLogbook();
    return {
      logbook,
      inherited: () => logbook.legacy,
      fill: (full) => {
        logbook.errno = full ? 'ENOSPC' : undefined;
      },
      [Symbol.dispose]: () => {},
    };
  }));
