import { accomplice, hog, type Part, player, spinner } from '../../test/rig/load.ts';

/** What a thread does, and what it is granted: realtime at this priority, or this nice level. */
export interface Role {
  readonly part: Part;
  readonly priority?: number;
  readonly nice?: number;
}

/** Each of the lists is a program. */
export interface StarveCase {
  readonly name: string;
  readonly hogs: readonly (readonly Role[])[];
  /** Who must keep what he has. */
  readonly innocents: readonly (readonly Role[])[];
  /** Starves nobody in the sense of the first two rules: until the first one is demoted. */
  readonly untilFirst?: true;
  /** The hogs' programs ask again as soon as they are demoted. */
  readonly askAgain?: true;
}

const priority = 10;
const role = (part: Part, at = priority): Role => ({ part, priority: at });
const alone = (idleUsec: number): StarveCase['hogs'] => [[role(hog(idleUsec))]];
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Of 5 ms it works 3.5. */
const audio = [role(player(3500, 5000))];

export const starveCases: readonly StarveCase[] = [
  { name: '150 ms busy, 1 µs asleep', hogs: alone(1), innocents: [] },
  { name: '150 ms busy, 100 µs asleep', hogs: alone(100), innocents: [] },
  { name: '150 ms busy, 1 ms asleep', hogs: alone(1000), innocents: [] },
  { name: '150 ms busy, 5 ms asleep', hogs: alone(5000), innocents: [] },
  { name: 'never a gap: another one fills it', hogs: [[role(hog(1000)), role(accomplice, 9)]], innocents: [] },
  { name: 'three hogs of three programs', hogs: times(3, () => [role(hog(1))]), innocents: [] },
  { name: 'below an audio thread of 70 %', hogs: [[role(hog(1), 5)]], innocents: [audio] },
  { name: 'at the priority of an audio thread of 70 %', hogs: alone(1), innocents: [audio] },
  { name: 'above an audio thread of 70 %', hogs: [[role(hog(1), 15)]], innocents: [audio] },
  {
    name: 'beside 10 threads that work 2 % each',
    hogs: alone(1),
    innocents: [times(5, (i) => role(player(200, 10_000), 5 + i)), times(5, (i) => role(player(200, 10_000), 11 + i))],
  },
  { name: 'asks again when demoted', hogs: alone(1), innocents: [], askAgain: true },
  {
    name: '20 threads at nice -15, none realtime',
    hogs: [times(20, () => ({ part: spinner(), nice: -15 }))],
    innocents: [],
    untilFirst: true,
  },
];
