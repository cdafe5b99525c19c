import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { type Caller, ownFace, rtkitFace } from './caller.ts';
import { Child } from './child.ts';
import type { Rig } from './rig.ts';

/** A call to the broker, and how often it was answered. */
interface Call {
  readonly member: string;
  answers: number;
}

/** dbus-monitor, which sees every message, even those that the bus does not deliver. */
export class Monitor {
  readonly #child: Child;
  readonly #calls = new Map<string, Call>();
  readonly #names = new Set([ownFace.name, rtkitFace.name]);
  #syncs = 0;
  /** Calls to the broker, of all callers. */
  calls = 0;

  private constructor(child: Child) {
    this.#child = child;
    createInterface(child.process.stdout).on('line', (line) => this.#hear(line));
  }

  static async start(rig: Rig): Promise<Monitor> {
    const child = await Child.start('dbus-monitor', ['dbus-monitor', '--address', rig.address, '--profile']);
    const monitor = new Monitor(child);
    await child.line(/NameLost/);
    return monitor;
  }

  /** The members that were called and not answered, and those that were answered more than once. */
  async amiss(caller: Caller): Promise<{ readonly unanswered: string[]; readonly answeredAgain: string[] }> {
    await this.#catchUp(caller);
    const calls = [...this.#calls.values()];
    return {
      unanswered: calls.filter(({ answers }) => answers === 0).map(({ member }) => member),
      answeredAgain: calls.filter(({ answers }) => answers > 1).map(({ member }) => member),
    };
  }

  /** Of who leaves nobody can say whether he was answered. @param name a unique one */
  forget(name: string): void {
    for (const key of [...this.#calls.keys()]) if (key.startsWith(`${name} `)) this.#calls.delete(key);
  }

  stop(): Promise<unknown> {
    return this.#child.stop();
  }

  /** Messages come here in their order: whoever has seen the last has seen them all. */
  async #catchUp(caller: Caller): Promise<void> {
    const member = `CatchUp${++this.#syncs}`;
    await caller.call(ownFace, member);
    const seen = () => [...this.#calls.values()].some((call) => call.member === member && call.answers > 0);
    await expect.poll(seen, { interval: 5, timeout: 10_000 }).toBe(true);
  }

  /** TYPE TIME SERIAL SENDER DESTINATION, and PATH INTERFACE MEMBER of a call, or the serial that is answered. */
  #hear(line: string): void {
    const [type, , serial, sender = '', destination = '', ...rest] = line.split('\t');
    if (type === 'mc' && this.#names.has(destination)) {
      this.calls++;
      this.#calls.set(`${sender} ${serial}`, { member: rest[2] ?? '', answers: 0 });
    }
    if (type !== 'mr' && type !== 'err') return;
    const call = this.#calls.get(`${destination} ${rest[0]}`);
    if (call !== undefined && sender !== 'org.freedesktop.DBus') call.answers++;
  }
}
