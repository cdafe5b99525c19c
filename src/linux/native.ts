import koffi from 'koffi';

/** A struct rtb_waiter *. The library gave it to us; no pointer to memory of ours outlives a call. */
export type WaiterPointer = bigint & { readonly __waiter: never };

/** What JavaScript passes for C's types. */
interface Wire {
  int: number;
  'int32[4]': Int32Array;
  waiter: WaiterPointer;
  'out waiter': [WaiterPointer | null];
}

const waiter = koffi.pointer(koffi.opaque());
const wire = {
  int: 'int',
  'int32[4]': 'int32_t *',
  waiter,
  'out waiter': koffi.out(koffi.pointer(waiter)),
} as const satisfies Record<keyof Wire, unknown>;

/** Every function of native/realtime-broker.h, where they are documented: koffi converts by this, TypeScript checks by it. */
const signatures = {
  rtb_sched_set: { takes: ['int', 'int', 'int', 'int', 'int'], returns: 'int' },
  rtb_sched_get: { takes: ['int', 'int32[4]'], returns: 'int' },
  rtb_sched_try_realtime: { takes: [], returns: 'int' },
  rtb_pidfd_open: { takes: ['int', 'int'], returns: 'int' },
  rtb_pidfd_gone: { takes: ['int'], returns: 'int' },
  rtb_boottime_usec: { takes: [], returns: 'int64_t' },
  rtb_realtime_usec: { takes: [], returns: 'int64_t' },
  rtb_waiter_open: { takes: ['out waiter'], returns: 'int' },
  rtb_waiter_watch: { takes: ['waiter', 'int'], returns: 'int64_t' },
  rtb_waiter_forget: { takes: ['waiter', 'int'], returns: 'int' },
  rtb_waiter_close: { takes: ['waiter'], returns: 'int' },
} as const satisfies Record<string, { takes: readonly (keyof Wire)[]; returns: 'int' | 'int64_t' }>;

type Name = keyof typeof signatures;
type Arguments<Types extends readonly (keyof Wire)[]> = { -readonly [Index in keyof Types]: Wire[Types[Index]] };

/** Each returns 0 or more, or -errno. int64_t is a number too: microseconds and cookies stay far below 2^53. */
export type Native = { readonly [N in Name]: (...values: Arguments<(typeof signatures)[N]['takes']>) => number };

/** @throws Error when there is no such library, or it lacks a function */
export function loadNative(path: string): Native {
  const library = koffi.load(path);
  const bound = Object.entries(signatures).map(([name, { takes, returns }]) => [
    name,
    library.func(
      name,
      returns,
      takes.map((type) => wire[type]),
    ),
  ]);
  return Object.fromEntries(bound) as Native;
}
