import type { Key, ValueOf } from './keys.ts';

interface Need {
  readonly key: Key;
  readonly unmet: (value: number) => boolean;
  readonly needed: string;
  readonly who: string;
}

/** What RealtimeKit1's clients count on: they ask for fixed numbers, or look at the properties and give up. */
const needs: readonly Need[] = [
  {
    key: 'limits.realtime_priority_max',
    unmet: (value) => value < 10,
    needed: 'at least 10',
    who: 'Firefox asks for priority 10 whatever the limit is',
  },
  {
    key: 'limits.nice_level_min',
    unmet: (value) => value > -11,
    needed: 'at most -11',
    who: 'PipeWire and PulseAudio ask for nice -11',
  },
  {
    key: 'limits.rttime_usec_max',
    unmet: (value) => value < 100_000,
    needed: 'at least 100000 us',
    who: 'some clients refuse to work with less',
  },
];

export const warningsAbout = (setting: <K extends Key>(key: K) => ValueOf<K>): readonly string[] =>
  !setting('bus.realtimekit1')
    ? []
    : needs
        .filter(({ key, unmet }) => unmet(setting(key) as number))
        .map(({ key, needed, who }) => `${key} is ${setting(key)}, but should be ${needed} for RealtimeKit1: ${who}`);
