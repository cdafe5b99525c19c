import type { Meddlers } from '../../src/ports.ts';

export class FakeMeddlers implements Meddlers {
  names: readonly string[] = [];
  /** How often they were looked for. */
  looks = 0;

  async running(): Promise<readonly string[]> {
    this.looks++;
    return this.names;
  }
}
