import koffi from 'koffi';

/** A struct rtb_waiter *. The library gave it to us; no pointer to memory of ours outlives a call. */
export type WaiterPointer = bigint & { readonly __waiter: never };

/** A struct rtb_watchdog *. */
export type WatchdogPointer = bigint & { readonly __watchdog: never };

/** struct rtb_watchdog_rule, member for member. */
export interface WatchdogRule {
  readonly priority: number;
  readonly capacity: number;
  readonly patience_msec: number;
  readonly sluggish_msec: number;
  readonly sluggish_window_msec: number;
  readonly grace_msec: number;
  readonly blame_permille: number;
  readonly nice_window_msec: number;
  readonly demote_unknown: number;
}

/** What JavaScript passes for C's types. */
interface Wire {
  int: number;
  'int32[4]': Int32Array;
  'uint32[4]': Uint32Array;
  path: string;
  bytes: Uint8Array;
  waiter: WaiterPointer;
  'out waiter': [WaiterPointer | null];
  uint32: number;
  int64: number;
  'int64[2]': BigInt64Array;
  'uint64[16]': BigUint64Array;
  watchdog: WatchdogPointer;
  'out watchdog': [WatchdogPointer | null];
  rule: WatchdogRule;
}

const waiter = koffi.pointer(koffi.opaque());
const watchdog = koffi.pointer(koffi.opaque());
const rule = koffi.struct({
  priority: 'int32_t',
  capacity: 'int32_t',
  patience_msec: 'int32_t',
  sluggish_msec: 'int32_t',
  sluggish_window_msec: 'int32_t',
  grace_msec: 'int32_t',
  blame_permille: 'int32_t',
  nice_window_msec: 'int32_t',
  demote_unknown: 'int32_t',
} satisfies Record<keyof WatchdogRule, 'int32_t'>);
const wire = {
  int: 'int',
  'int32[4]': 'int32_t *',
  'uint32[4]': 'uint32_t *',
  path: 'const char *',
  bytes: 'uint8_t *',
  waiter,
  'out waiter': koffi.out(koffi.pointer(waiter)),
  uint32: 'uint32_t',
  int64: 'int64_t',
  'int64[2]': 'int64_t *',
  'uint64[16]': 'uint64_t *',
  watchdog,
  'out watchdog': koffi.out(koffi.pointer(watchdog)),
  rule: koffi.pointer(rule),
} as const satisfies Record<keyof Wire, unknown>;

/** Every function of native/realtime-broker.h, where they are documented: koffi converts by this, TypeScript checks by it. */
const signatures = {
  rtb_sched_set: { takes: ['int', 'int', 'int', 'int', 'int'], returns: 'int' },
  rtb_sched_get: { takes: ['int', 'int32[4]'], returns: 'int' },
  rtb_sched_raise_process: { takes: ['int'], returns: 'int' },
  rtb_sched_pause: { takes: [], returns: 'int' },
  rtb_sched_try_realtime: { takes: [], returns: 'int' },
  rtb_pidfd_open: { takes: ['int', 'int'], returns: 'int' },
  rtb_pidfd_gone: { takes: ['int'], returns: 'int' },
  rtb_pidfd_uids: { takes: ['int', 'uint32[4]'], returns: 'int' },
  rtb_read: { takes: ['path', 'bytes', 'int64'], returns: 'int64_t' },
  rtb_file_id: { takes: ['path', 'int64[2]'], returns: 'int' },
  rtb_rttime_set: { takes: ['int', 'int64[2]', 'int64[2]'], returns: 'int' },
  rtb_boottime_usec: { takes: [], returns: 'int64_t' },
  rtb_realtime_usec: { takes: [], returns: 'int64_t' },
  rtb_used_nsec: { takes: ['int'], returns: 'int64_t' },
  rtb_waiter_open: { takes: ['out waiter'], returns: 'int' },
  rtb_waiter_watch: { takes: ['waiter', 'int'], returns: 'int64_t' },
  rtb_waiter_forget: { takes: ['waiter', 'int'], returns: 'int' },
  rtb_waiter_close: { takes: ['waiter'], returns: 'int' },
  rtb_watchdog_open: { takes: ['out watchdog', 'rule'], returns: 'int' },
  rtb_watchdog_enter: { takes: ['watchdog', 'int', 'int', 'uint32', 'int'], returns: 'int64_t' },
  rtb_watchdog_leave: { takes: ['watchdog', 'int64'], returns: 'int' },
  rtb_watchdog_restart: { takes: ['watchdog'], returns: 'int' },
  rtb_watchdog_report: { takes: ['watchdog', 'int', 'uint64[16]'], returns: 'int' },
  rtb_watchdog_close: { takes: ['watchdog'], returns: 'int' },
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
