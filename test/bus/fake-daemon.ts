import message from 'dbus-native/lib/message.js';
import { type Frame, Frames } from '../../src/bus/frames.ts';
import type { Stream } from '../../src/bus/stream.ts';
import { marshal, messageTypes, type Outgoing, readBody } from '../../src/bus/wire.ts';

export type Answer =
  | { readonly signature: string; readonly body: readonly unknown[] }
  | { readonly error: string; readonly text: string };

export type Sent = Partial<Omit<Outgoing, 'type' | 'serial'>> & { readonly member?: string };

interface Person {
  readonly uid: number;
  readonly pid: number | undefined;
}

interface Heard {
  readonly member: string;
  /** undefined: everybody. */
  readonly destination: string | undefined;
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** A bus daemon small enough to read: it knows who is there, who owns what, and carries calls to the one service. */
export class FakeDaemon implements Stream {
  onBytes: (bytes: Buffer) => void = () => {};
  readonly closed: Promise<string>;
  readonly people = new Map<string, Person>([[':1.7', { uid: 1000, pid: 4242 }]]);
  readonly owned = new Set<string>();
  /** Names somebody else has. */
  readonly taken = new Set<string>();
  /** Names that others have, and may lose again. */
  readonly owners = new Map<string, string>();
  /** The match rules of the service. */
  rules: string[] = [];
  readonly signals: Heard[] = [];
  /** Calls of the service to others than the daemon: what a test wants answered, it answers. */
  readonly calls: Frame[] = [];
  /** What the daemon was asked, in order. */
  readonly asked: string[] = [];
  /** Questions it answers with an error. */
  readonly failing = new Set<string>();
  /** While true, questions to the daemon wait. */
  silent = false;
  readonly #frames = new Frames();
  readonly #answers = new Map<number, Answer[]>();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #close: (why: string) => void = () => {};
  #serial = 0;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  /** What the service hears when that caller calls. Resolves when it answers. */
  call(sender: string, sent: Sent): Promise<Answer> {
    const serial = this.post(sender, sent);
    return new Promise((resolve) => {
      const answer = this.answersTo(serial)[0];
      if (answer !== undefined) resolve(answer);
      else this.#waiting.set(serial, resolve);
    });
  }

  /** The same for who does not wait. @returns the serial of the call */
  post(sender: string, sent: Sent): number {
    const serial = ++this.#serial;
    this.onBytes(marshal({ type: messageTypes.call, serial, sender, ...sent } as Outgoing));
    return serial;
  }

  /** Every answer to a call: there should be one. */
  answersTo(serial: number): readonly Answer[] {
    return this.#answers.get(serial) ?? [];
  }

  /** Comes, with a name of his own or another's, or goes: told to whoever has a match rule for the name. */
  own(name: string, owner: string): void {
    this.owners.set(name, owner);
    this.#changeOwner(name, '', owner);
  }

  leave(name: string): void {
    this.people.delete(name);
    for (const [owned, owner] of this.owners) if (owner === name) this.#disown(owned, owner);
    this.#changeOwner(name, name, '');
  }

  /** That sender's signal, for the service alone unless it asked for more. */
  emit(sender: string, sent: Sent): void {
    this.onBytes(marshal({ type: messageTypes.signal, serial: ++this.#serial, sender, ...sent } as Outgoing));
  }

  /** A message that no caller of ours would send. */
  inject(bytes: Buffer): void {
    this.onBytes(bytes);
  }

  write(bytes: Buffer): void {
    // Never within the call that wrote: a real bus takes its time, too.
    queueMicrotask(() => {
      for (const frame of this.#frames.feed(bytes)) this.#hear(frame, message.unmarshall(bytes).destination);
    });
  }

  destroy(why: string): void {
    this.#close(why);
  }

  end(): void {
    this.#close('closed by us');
  }

  #hear(frame: Frame, destination: string | undefined): void {
    if (frame.type === messageTypes.signal) this.#note(frame, destination);
    else if (frame.type !== messageTypes.call) this.#deliver(frame);
    else if (frame.fields.interface === 'org.freedesktop.DBus') this.#serve(frame);
    else this.calls.push(frame);
  }

  #note(frame: Frame, destination: string | undefined): void {
    this.signals.push({ member: frame.fields.member ?? '', destination, ...read(frame) });
  }

  #disown(name: string, owner: string): void {
    this.owners.delete(name);
    this.#changeOwner(name, owner, '');
  }

  #changeOwner(name: string, from: string, to: string): void {
    if (this.rules.some((rule) => rule.includes("member='NameOwnerChanged'") && rule.endsWith(`,arg0='${name}'`)))
      this.emit('org.freedesktop.DBus', { ...nameOwnerChanged, signature: 'sss', body: [name, from, to] });
  }

  #deliver(frame: Frame): void {
    const { replySerial = 0, errorName } = frame.fields;
    const { signature, body } = read(frame);
    const answer = errorName === undefined ? { signature, body } : { error: errorName, text: String(body[0]) };
    this.#answers.set(replySerial, [...this.answersTo(replySerial), answer]);
    this.#waiting.get(replySerial)?.(answer);
  }

  #serve(frame: Frame): void {
    const { member = '' } = frame.fields;
    const [name = ''] = read(frame).body as readonly string[];
    this.asked.push(`${member}(${name})`);
    if (this.silent) return;
    const { signature, value } = this.#answer(member, name);
    if (signature === undefined) this.#fail(frame, String(value));
    else this.#reply(frame, signature, value);
  }

  #answer(member: string, name: string): { readonly signature?: string; readonly value: unknown } {
    if (this.failing.has(member)) return { value: 'Failed' };
    const person = this.people.get(name);
    switch (member) {
      case 'Hello':
        return { signature: 's', value: ':1.1' };
      case 'RequestName':
        this.owned.add(name);
        return { signature: 'u', value: this.taken.has(name) ? 3 : 1 };
      case 'GetConnectionUnixUser':
        return person ? { signature: 'u', value: person.uid } : { value: 'NameHasNoOwner' };
      case 'GetConnectionUnixProcessID':
        if (person === undefined) return { value: 'NameHasNoOwner' };
        return person.pid === undefined ? { value: 'UnixProcessIdUnknown' } : { signature: 'u', value: person.pid };
      case 'GetNameOwner': {
        const owner = person ? name : this.owners.get(name);
        return owner === undefined ? { value: 'NameHasNoOwner' } : { signature: 's', value: owner };
      }
      case 'AddMatch':
        this.rules.push(name);
        return { signature: '', value: [] };
      case 'RemoveMatch':
        if (!this.rules.includes(name)) return { value: 'MatchRuleNotFound' };
        this.rules.splice(this.rules.indexOf(name), 1);
        return { signature: '', value: [] };
      default:
        throw new Error(`the fake daemon does not know ${member}`);
    }
  }

  #reply({ serial }: Frame, signature: string, value: unknown): void {
    this.#say({ type: messageTypes.reply, replySerial: serial, signature, body: [value] });
  }

  #fail({ serial }: Frame, error: string): void {
    const errorName = `org.freedesktop.DBus.Error.${error}`;
    this.#say({ type: messageTypes.error, replySerial: serial, errorName, signature: 's', body: ['no'] });
  }

  #say(sent: Partial<Outgoing>): void {
    this.onBytes(marshal({ serial: ++this.#serial, sender: 'org.freedesktop.DBus', ...sent } as Outgoing));
  }
}

const nameOwnerChanged = {
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'NameOwnerChanged',
};

/** Runs until nothing that is not a timer is left to do. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function read(frame: Frame): { readonly signature: string; readonly body: readonly unknown[] } {
  const { signature = '' } = frame.fields;
  return { signature, body: readBody(frame, signature) };
}
