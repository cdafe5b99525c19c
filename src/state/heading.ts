import type { Advertised } from '../core/limits.ts';
import { Plain } from './plain.ts';

/** What this broker writes, and the only one it reads. */
export const format = 1;

/** The first record of a logbook: what the rest belongs to. */
export interface Heading {
  /** Of the machine, this time: /proc/sys/kernel/random/boot_id. */
  readonly boot: string;
  readonly advertised: Advertised;
}

export const plainHeading = ({ boot, advertised }: Heading): object => ({
  format,
  boot,
  advertised: {
    rttimeUsecMax: `${advertised.rttimeUsecMax}`,
    realtimePriorityMax: advertised.realtimePriorityMax,
    niceLevelMin: advertised.niceLevelMin,
  },
});

/** Those two no later format changes: what it means, and when it was written. @throws Unfit */
export function parseOrigin(value: unknown): { readonly format: number; readonly boot: string } {
  const plain = new Plain(value);
  return { format: plain.integer('format', 1, Number.MAX_SAFE_INTEGER), boot: plain.text('boot') };
}

/** @throws Unfit */
export function parseHeading(value: unknown): Heading {
  const plain = new Plain(value);
  const advertised = plain.object('advertised');
  return {
    boot: plain.text('boot'),
    advertised: {
      rttimeUsecMax: advertised.bigint('rttimeUsecMax'),
      realtimePriorityMax: advertised.integer('realtimePriorityMax', 1, 98),
      niceLevelMin: advertised.integer('niceLevelMin', -20, -1),
    },
  };
}
