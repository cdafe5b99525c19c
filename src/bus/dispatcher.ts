import type { Caller, Journal, Patience } from '../ports.ts';
import { Refused } from '../refused.ts';
import type { Callers } from './callers.ts';
import type { Connection } from './connection.ts';
import type { Frame } from './frames.ts';
import type { Asked, Member } from './member.ts';
import { CallerGone, Misuse, quote, UnknownMember, WrongArguments } from './misuse.ts';
import { type BusObject, nowhere, type Objects } from './objects.ts';
import type { Waiting } from './waiting.ts';
import { messageFlags, readBody } from './wire.ts';

/** Brings each call to the member it means, and answers it: once. */
export class Dispatcher {
  readonly #connection: Connection;
  readonly #objects: Objects;
  readonly #callers: Callers;
  readonly #waiting: Waiting;
  readonly #journal: Journal;

  constructor(connection: Connection, objects: Objects, callers: Callers, waiting: Waiting, journal: Journal) {
    this.#connection = connection;
    this.#objects = objects;
    this.#callers = callers;
    this.#waiting = waiting;
    this.#journal = journal;
  }

  handle(call: Frame): void {
    const { sender, path = '' } = call.fields;
    // Only a bus daemon's own messages could come without one, and it does not call us.
    if (sender === undefined) return;

    const object = this.#objects.get(path);
    try {
      const member = find(call, object);
      const values = argumentsOf(call, member, object ?? nowhere);
      this.#perform(call, sender, object ?? nowhere, member, values);
    } catch (fault) {
      this.#fail(call, object ?? nowhere, fault);
    }
  }

  #perform(call: Frame, sender: string, object: BusObject, member: Member, values: readonly unknown[]): void {
    const asking = new Asking(sender, call, this.#callers, this.#waiting);
    const outcome = member.deed(values, asking);
    if (!(outcome instanceof Promise)) {
      this.#connection.reply(call, member.gives, outcome);
      return;
    }

    outcome
      .then((body) => this.#connection.reply(call, member.gives, body))
      .catch((fault) => this.#fail(call, object, fault))
      .finally(() => asking.end());
  }

  /** A refusal is for the caller. Anything else is ours, and he is told no more than that it happened. */
  #fail(call: Frame, object: BusObject, fault: unknown): void {
    if (fault instanceof CallerGone) return;
    if (!(fault instanceof Refused || fault instanceof Misuse)) {
      const error = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
      this.#journal.error(`A call of ${quote(call.fields.member ?? '')} failed.`, { error });
    }
    const { name, text } = object.toError(fault);
    this.#connection.error(call, name, text);
  }
}

/** One call being answered. */
class Asking implements Asked {
  readonly #sender: string;
  readonly path: string;
  readonly patience: Patience;
  readonly #callers: Callers;
  readonly #waiting: Waiting;
  readonly #places: (string | number)[] = [];

  constructor(sender: string, { fields, flags }: Frame, callers: Callers, waiting: Waiting) {
    this.#sender = sender;
    this.path = fields.path ?? '';
    this.patience = flags & messageFlags.allowInteractiveAuthorization ? 'interactive' : 'usual';
    this.#callers = callers;
    this.#waiting = waiting;
  }

  async caller(): Promise<Caller> {
    this.#takePlace(this.#sender);
    const caller = await this.#callers.identify(this.#sender);
    this.#takePlace(caller.uid);
    return caller;
  }

  end(): void {
    for (const place of this.#places.splice(0)) this.#waiting.leave(place);
  }

  #takePlace(place: string | number): void {
    this.#waiting.enter(place);
    this.#places.push(place);
  }
}

function find(call: Frame, object: BusObject | undefined): Member {
  const { path = '', interface: interfaceName, member: name = '' } = call.fields;
  if (call.fields.oversized || call.body === undefined)
    throw new Misuse('LimitsExceeded', 'the message is far larger than any call here needs');

  const { interfaces, unknownInterface } = object ?? nowhere;
  // Without an interface the first that has such a member is meant.
  const candidates = interfaceName === undefined ? interfaces.values() : [interfaces.get(interfaceName)];
  for (const members of candidates) {
    const member = members?.get(name);
    if (member !== undefined) return member;
  }

  if (object === undefined) throw new Misuse('UnknownObject', `there is no object ${quote(path)}`);
  if (interfaceName !== undefined && !interfaces.has(interfaceName))
    throw new UnknownMember(unknownInterface, `there is no interface ${quote(interfaceName)} at ${path}`, call.fields);
  const text = `there is no method ${quote(name)} on ${quote(interfaceName ?? path)}`;
  throw new UnknownMember('UnknownMethod', text, call.fields);
}

/** Compared before anything is read: what is not wanted is not even parsed. */
function argumentsOf(call: Frame, member: Member, { extraArguments }: BusObject): readonly unknown[] {
  const { signature = '' } = call.fields;
  const fits = extraArguments === 'ignored' ? signature.startsWith(member.takes) : signature === member.takes;
  if (!fits) {
    const text = `${member.name} takes ${listed(member.takes)}, and ${listed(signature)} came`;
    throw new WrongArguments(text, member.takes, signature);
  }

  try {
    return readBody(call, readable(member.takes));
  } catch {
    throw new Misuse('InvalidArgs', `the arguments are not what their signature ${listed(signature)} says`);
  }
}

/** No member wants to know what is in a variant, and a stranger's may be as deep as it likes: it is left unread. */
const readable = (signature: string): string => (signature.endsWith('v') ? signature.slice(0, -1) : signature);

const listed = (signature: string): string => (signature === '' ? 'no arguments' : `'${signature}'`);
