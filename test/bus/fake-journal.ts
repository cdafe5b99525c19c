import type { Fields, Journal } from '../../src/ports.ts';

/** Remembers what was written, each line with its level before it. */
export class FakeJournal implements Journal {
  readonly lines: { readonly text: string; readonly fields: Fields | undefined }[] = [];

  debug = (text: string, fields?: Fields): void => this.#write('debug', text, fields);
  info = (text: string, fields?: Fields): void => this.#write('info', text, fields);
  warning = (text: string, fields?: Fields): void => this.#write('warning', text, fields);
  error = (text: string, fields?: Fields): void => this.#write('error', text, fields);

  #write(level: string, text: string, fields: Fields | undefined): void {
    this.lines.push({ text: `${level}: ${text}`, fields });
  }
}
