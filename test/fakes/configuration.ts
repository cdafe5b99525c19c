import type { Caller, Configuration } from '../../src/ports.ts';

/** Remembers who had it read anew; what comes of that is the test's to say. */
export class FakeConfiguration implements Configuration {
  readonly reloads: (Caller | undefined)[] = [];
  onReload: () => void = () => {};

  reload(by?: Caller): void {
    this.reloads.push(by);
    this.onReload();
  }
}
