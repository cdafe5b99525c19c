import { BusError, NameTaken } from './bus-error.ts';
import { type Frame, Frames } from './frames.ts';
import { Listeners, type Signal, type Wanted } from './listeners.ts';
import { PendingCalls } from './pending.ts';
import type { Stream } from './stream.ts';
import {
  type Body,
  Marshalled,
  marshal,
  messageFlags,
  messageTypes,
  type Outgoing,
  readBody,
  type Values,
} from './wire.ts';

/** Whom to call, and what. */
export interface Target {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

export interface CallOptions {
  /** How long the reply may take; default 25 s, as everywhere on D-Bus; Infinity: as long as it takes. */
  readonly timeoutMsec?: number;
  /** Start the service if it does not run; default true. */
  readonly autoStart?: boolean;
  /** There is somebody whom polkit may ask for a password, which takes its time; default false. */
  readonly interactive?: boolean;
}

const daemonName = 'org.freedesktop.DBus';

/** Well below the 25 s a caller of ours waits, for whom we ask. */
const daemonMsec = 10_000;

/**
 * A connection to a message bus, made by `connectBus`.
 *
 * dbus-native reads and writes the values, no more. Its MessageBus answers Properties, Introspectable and Peer on its own,
 * and looks members up where inherited ones are found too; its connection parses every body before anybody can say whether
 * it is wanted, and gives up when one cannot be parsed. Here messages are cut by Frames, and a body is looked into only
 * when its signature is what some member, or some listener, takes.
 */
export class Connection {
  /** Somebody calls us. It is to be read at once: its bytes do not last. */
  onCall: (call: Frame) => void = () => {};
  /** Told what `onCall` or a listener threw, which it should not. */
  onFault: (fault: unknown) => void = () => {};

  readonly #stream: Stream;
  readonly #frames: Frames;
  readonly #pending = new PendingCalls();
  readonly #listeners = new Listeners();
  #name = '';
  #serial = 0;

  /**
   * @param stream on which the handshake is done
   * @param bodyMax what is longer is not read
   */
  constructor(stream: Stream, bodyMax?: number) {
    this.#stream = stream;
    this.#frames = new Frames(bodyMax);
    stream.onBytes = (bytes) => this.#receive(bytes);
    stream.closed.then((why) => this.#pending.endAll(why));
  }

  /** Our unique name, ":1.42". */
  get name(): string {
    return this.#name;
  }

  /** Settles, with why, when the bus is gone for good. Never rejects. */
  get closed(): Promise<string> {
    return this.#stream.closed;
  }

  /** A body that is written already, for who calls with the like of it again and again. */
  write(signature: string, values: readonly unknown[]): Marshalled {
    return Marshalled.of(signature, values);
  }

  /** Has to be said first, and once. */
  async hello(): Promise<void> {
    [this.#name] = await this.askDaemon('Hello', '', [], 's');
  }

  /**
   * Calls a member and waits for its reply, which must have the signature `expected`.
   * @throws BusError
   */
  call<Expected extends string>(
    target: Target,
    signature: string,
    body: Body,
    expected: Expected,
    { timeoutMsec = 25_000, autoStart = true, interactive = false }: CallOptions = {},
  ): Promise<Values<Expected>> {
    const serial = this.#nextSerial();
    const flags =
      (autoStart ? 0 : messageFlags.noAutoStart) | (interactive ? messageFlags.allowInteractiveAuthorization : 0);
    this.#send({ type: messageTypes.call, serial, flags, ...target, signature, body });
    // Who we are told somebody is must come from the bus daemon itself, however lax its policy about replies.
    const from = target.destination === daemonName ? daemonName : undefined;
    return this.#pending.wait(serial, { from, timeoutMsec, read: (reply) => readReply(reply, target, expected) });
  }

  /** What the bus daemon itself is asked. */
  askDaemon<Expected extends string>(
    member: string,
    signature: string,
    body: readonly unknown[],
    expected: Expected,
  ): Promise<Values<Expected>> {
    const target = { destination: daemonName, path: '/org/freedesktop/DBus', interface: daemonName, member };
    return this.call(target, signature, body, expected, { timeoutMsec: daemonMsec });
  }

  /** Nothing is sent to who does not want to hear. */
  reply(call: Frame, signature: string, body: Body): void {
    if (call.flags & messageFlags.noReplyExpected) return;
    this.#send({ type: messageTypes.reply, ...this.#answering(call), signature, body });
  }

  error(call: Frame, errorName: string, text: string): void {
    if (call.flags & messageFlags.noReplyExpected) return;
    this.#send({ type: messageTypes.error, ...this.#answering(call), errorName, signature: 's', body: [text] });
  }

  /** @param destination a unique name; undefined: whoever has a match rule for it */
  signal(signal: Signal, signature: string, body: Body, destination?: string): void {
    const to = destination === undefined ? {} : { destination };
    const flags = messageFlags.noReplyExpected;
    this.#send({ type: messageTypes.signal, serial: this.#nextSerial(), flags, ...signal, ...to, signature, body });
  }

  /** Hears that signal from now on. What makes the bus send it is a match rule, which is the listener's own affair. */
  listen<Signature extends string>(wanted: Wanted<Signature>, heard: (values: Values<Signature>) => void): void {
    this.#listeners.add(wanted, heard);
  }

  /**
   * Becomes the owner of a well-known name, for as long as the connection lives.
   * @throws NameTaken
   */
  async requestName(name: string): Promise<void> {
    const doNotQueue = 4;
    const primaryOwner = 1;
    const alreadyOwner = 4;
    const [outcome] = await this.askDaemon('RequestName', 'su', [name, doNotQueue], 'u');
    if (outcome !== primaryOwner && outcome !== alreadyOwner) throw new NameTaken(name);
  }

  /** Ends the connection when all is sent. */
  close(): void {
    this.#stream.end();
  }

  #receive(bytes: Buffer): void {
    try {
      for (const frame of this.#frames.feed(bytes)) this.#dispatch(frame);
    } catch (fault) {
      this.#stream.destroy(fault instanceof Error ? fault.message : String(fault));
    }
  }

  #dispatch(frame: Frame): void {
    try {
      // Unknown types are to be ignored (specification, "Message Format").
      if (frame.type === messageTypes.call) this.onCall(frame);
      else if (frame.type === messageTypes.signal) this.#listeners.hear(frame);
      else if (frame.type === messageTypes.reply || frame.type === messageTypes.error) this.#pending.settle(frame);
    } catch (fault) {
      this.onFault(fault);
    }
  }

  #answering({ serial, fields }: Frame) {
    return {
      serial: this.#nextSerial(),
      flags: messageFlags.noReplyExpected,
      replySerial: serial,
      ...(fields.sender !== undefined && { destination: fields.sender }),
    };
  }

  /** Serials are 32 bits wide and never 0. */
  #nextSerial(): number {
    this.#serial = this.#serial === 0xffffffff ? 1 : this.#serial + 1;
    return this.#serial;
  }

  #send(outgoing: Outgoing): void {
    this.#stream.write(marshal(outgoing));
  }
}

function readReply<Expected extends string>(reply: Frame, { member }: Target, expected: Expected): Values<Expected> {
  const { signature = '' } = reply.fields;
  if (signature === expected && reply.body !== undefined) return readBody(reply, expected);
  const size = reply.body === undefined ? ' far too large' : '';
  throw new BusError(
    'org.freedesktop.DBus.Error.InconsistentMessage',
    `${member} replied '${signature}'${size} instead of '${expected}'`,
  );
}
