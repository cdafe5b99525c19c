import type { Fields, Journal } from '../../src/ports.ts';

export interface Entry {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly text: string;
  readonly fields: Fields;
}

/** Remembers all that was written. */
export class FakeJournal implements Journal {
  readonly entries: Entry[] = [];

  readonly debug = this.#writer('debug');
  readonly info = this.#writer('info');
  readonly warning = this.#writer('warning');
  readonly error = this.#writer('error');

  #writer(level: Entry['level']) {
    return (text: string, fields: Fields = {}): void => void this.entries.push({ level, text, fields });
  }
}
