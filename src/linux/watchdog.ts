import { Socket } from 'node:net';
import type { CanaryRule } from '../core/canary.ts';
import { type Kind, policies } from '../core/scheduling.ts';
import { type Lateness, neverLate } from '../core/statistics.ts';
import type { Pid, Thread } from '../core/thread.ts';
import type { Journal, Watch, Watchdog, WatchdogEvent } from '../ports.ts';
import { Refused } from '../refused.ts';
import { causeOf } from './cause.ts';
import { SyscallError } from './errno.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';
import type { WatchdogPointer } from './native.ts';

/** So many grants can be watched at once: two hundred users with all they may have. */
const capacity = 16_384;

/** Who hears what is no news of a grant. */
export interface Ears {
  readonly journal: Journal;
  /** Whether a canary can be put on this CPU, where granted threads may run. */
  readonly onReach: (cpu: number, reached: boolean) => void;
}

/** The watchdog; or, where it may not run above what it would watch, one that lets nothing be granted unwatched. */
export function openWatchdog(library: Library, rule: CanaryRule, ears: Ears): LinuxWatchdog | NoWatchdog {
  try {
    return new LinuxWatchdog(library, rule, ears);
  } catch (fault) {
    if (fault instanceof SyscallError && fault.is('EPERM')) return new NoWatchdog(fault, rule);
    throw fault;
  }
}

/** Refuses whatever it is asked to watch. */
export class NoWatchdog implements Watchdog {
  onEvent: (event: WatchdogEvent) => void = () => {};
  readonly lateness = neverLate;
  readonly #fault: SyscallError;
  readonly #rule: CanaryRule;

  constructor(fault: SyscallError, rule: CanaryRule) {
    this.#fault = fault;
    this.#rule = rule;
  }

  enter(): Watch {
    const { errno } = this.#fault;
    const own = { kind: 'realtime', priority: this.#rule.watchdogPriority } as const;
    const cause = causeOf(errno, process.pid as Pid, own);
    throw new Refused({ reason: 'kernel-refused', call: 'sched_setattr', errno, cause });
  }

  restart(): void {}
}

/** The native watchdog, seen from here. It acts by itself; its events come after the fact. */
export class LinuxWatchdog implements Watchdog, Disposable {
  onEvent: (event: WatchdogEvent) => void = () => {};
  readonly #library: Library;
  readonly #ears: Ears;
  readonly #watchdog: WatchdogPointer;
  readonly #socket: Socket;
  #partial: Buffer = Buffer.alloc(0);

  /** @throws SyscallError, EPERM when it may not have its priority: one that starves with the others is none */
  constructor(library: Library, rule: CanaryRule, ears: Ears) {
    const { watchdog, events } = library.openWatchdog({
      priority: rule.watchdogPriority,
      capacity,
      patience_msec: rule.patienceMsec,
      sluggish_msec: rule.sluggishMsec,
      sluggish_window_msec: rule.sluggishWindowMsec,
      grace_msec: rule.graceMsec,
      blame_permille: Math.round(rule.blameShare * 1000),
      nice_window_msec: rule.niceWindowMsec,
      demote_unknown: rule.demoteUnknown ? 1 : 0,
    });
    this.#library = library;
    this.#ears = ears;
    this.#watchdog = watchdog;
    this.#socket = new Socket({ fd: events, readable: true, writable: false });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    // A watchdog that is gone watches nobody: a restarted daemon has a new one.
    this.#socket.on('end', () => {
      throw new Error('the watchdog has ended');
    });
    this.#socket.unref();
  }

  enter(thread: Thread, kind: Kind): Watch {
    return new Place(this.#library, this.#watchdog, this.#enter(thread, kind));
  }

  restart(): void {
    this.#library.restartWatchdog(this.#watchdog);
  }

  get lateness(): Lateness {
    return this.#library.lateness(this.#watchdog);
  }

  [Symbol.dispose](): void {
    this.#socket.removeAllListeners('end').destroy();
    this.#library.closeWatchdog(this.#watchdog);
  }

  #enter(thread: Thread, kind: Kind): number {
    try {
      return this.#library.enter(this.#watchdog, thread, kind);
    } catch (fault) {
      if (!(fault instanceof SyscallError)) throw fault;
      const { call, errno } = fault;
      if (errno === 'ESRCH') throw noSuchThread(`Thread ${thread.tid} has ended`);
      const cause =
        errno === 'ENOSPC'
          ? `The watchdog watches ${capacity} threads already; end some.`
          : "Each grant holds descriptors: raise LimitNOFILE of the broker's unit.";
      throw new Refused({ reason: 'kernel-refused', call, errno, cause });
    }
  }

  #read(chunk: Buffer): void {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    const whole = bytes.length - (bytes.length % recordSize);
    this.#partial = bytes.subarray(whole);
    for (let at = 0; at < whole; at += recordSize) this.#hear(bytes.subarray(at, at + recordSize));
  }

  #hear(record: Buffer): void {
    const lost = record.readUInt32LE(12);
    if (lost > 0) this.onEvent({ kind: 'lost', count: lost });
    const cpu = record.readInt32LE(8);
    const lateUsec = usec(record, 32);
    switch (kinds[record.readInt32LE(0)]) {
      case 'demoted':
        return this.onEvent({
          kind: 'demoted',
          cookie: cookieOf(record),
          reason: reasonOf(record),
          cpu,
          ...timesOf(record),
        });
      case 'starved':
        return this.onEvent({ kind: 'starved', cpu, reason: reasonOf(record), lateUsec });
      case 'recovered':
        this.#ears.onReach(cpu, true);
        return this.onEvent({ kind: 'recovered', cpu });
      case 'unreachable':
        this.#ears.onReach(cpu, false);
        return this.#ears.journal.warning(`No canary can be put on CPU ${cpu}, where granted threads may run.`, {
          cpu,
        });
      case 'stood-still':
        return this.#ears.journal.debug('The machine slept or stood still: the canary begins anew.', { lateUsec });
      case 'stranger':
        return this.onEvent({ kind: 'stranger', cpu, demoted: false, ...strangerOf(record) });
      case 'stranger-demoted':
        return this.onEvent({ kind: 'stranger', cpu, demoted: true, ...strangerOf(record) });
      case 'heir-demoted':
        return this.onEvent({ kind: 'heir-demoted', cookie: cookieOf(record) });
    }
  }
}

/** There are as many of them as grants: see grips.ts. */
class Place implements Watch {
  readonly cookie: number;
  readonly #library: Library;
  readonly #watchdog: WatchdogPointer;
  #kept = false;
  #entered = true;

  constructor(library: Library, watchdog: WatchdogPointer, cookie: number) {
    this.#library = library;
    this.#watchdog = watchdog;
    this.cookie = cookie;
  }

  keep(): void {
    this.#kept = true;
  }

  leave(): void {
    if (this.#entered) this.#library.leave(this.#watchdog, this.cookie);
    this.#entered = false;
  }

  [Symbol.dispose](): void {
    if (!this.#kept) this.leave();
  }
}

/** struct rtb_watchdog_event and its enums, native/realtime-broker.h. */
const recordSize = 64;
const kinds = [
  undefined,
  'demoted',
  'starved',
  'recovered',
  'unreachable',
  'stood-still',
  'stranger',
  'stranger-demoted',
  'heir-demoted',
] as const;
const reasons = ['', 'silence', 'sluggish', 'innocent', 'nice'];

const reasonOf = (record: Buffer): string => reasons[record.readInt32LE(4)] ?? 'unknown';
const cookieOf = (record: Buffer): number => Number(record.readBigInt64LE(16));
const usec = (record: Buffer, at: number): number => Number(record.readBigUInt64LE(at) / 1000n);

const timesOf = (record: Buffer) => ({
  lateUsec: usec(record, 32),
  ranUsec: usec(record, 40),
  windowUsec: usec(record, 48),
});

const strangerOf = (record: Buffer) => ({
  tid: record.readInt32LE(32),
  pid: record.readInt32LE(36),
  policy: policies[record.readUInt16LE(40)] ?? 'unknown',
  priority: record.readUInt16LE(42),
  share: record.readUInt32LE(44) / 1000,
  comm: record.toString('utf8', 48, 64).replace(/\0.*$/s, ''),
});
