import { expect } from 'vitest';
import type { Refusal } from '../../src/core/refusal.ts';
import { Refused } from '../../src/refused.ts';

/** The refusal with which this ends, which it must. */
export async function refusal(act: () => unknown): Promise<Refusal> {
  try {
    await act();
  } catch (fault) {
    expect(fault).toBeInstanceOf(Refused);
    return (fault as Refused).refusal;
  }
  throw new Error('it was not refused');
}

export const reasonOf = async (act: () => unknown): Promise<string> => (await refusal(act)).reason;
