import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inherit, type Legacy } from '../../src/core/legacy.ts';
import type { Heading } from '../../src/state/heading.ts';
import { FileLogbook } from '../../src/state/logbook.ts';
import { readLogbook } from '../../src/state/reading.ts';
import type { LogbookStage } from '../contracts/logbook.ts';

export const heading: Heading = {
  boot: '7a0d4b1c-6b3e-4a63-9c55-0f2d3f1c9e11',
  advertised: { rttimeUsecMax: 200_000n, realtimePriorityMax: 20, niceLevelMin: -15 },
};

// Else the kernel ends whoever writes beyond his RLIMIT_FSIZE, setrlimit(2).
process.on('SIGXFSZ', () => {});

/** A real file, on a disk that is full when RLIMIT_FSIZE says so. */
export class FileStage implements LogbookStage {
  readonly dir = mkdtempSync(join(tmpdir(), 'logbook-'));
  readonly file = join(this.dir, 'logbook');
  readonly logbook = new FileLogbook(this.file, heading);
  readonly troubles: (string | undefined)[] = [];

  constructor() {
    this.logbook.onTrouble = (fault) => this.troubles.push(fault?.code);
  }

  inherited(): Legacy {
    const reading = readLogbook(this.file, heading.boot);
    if (reading.kind === 'damaged') throw new Error(reading.why);
    return inherit(reading.kind === 'whole' ? reading.deeds : []);
  }

  /** Of the next record a few bytes still fit. */
  fill(full: boolean): void {
    limitFileSize(full ? statSync(this.file).size + 10 : 'unlimited');
  }

  [Symbol.dispose](): void {
    limitFileSize('unlimited');
    rmSync(this.dir, { recursive: true });
  }
}

function limitFileSize(soft: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${soft}:unlimited`]);
}
