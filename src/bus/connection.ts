import type { Socket } from 'node:net';
import { BusError, NameTaken } from './bus-error.ts';
import { type Frame, Frames } from './frames.ts';
import { PendingCalls } from './pending.ts';
import { marshal, messageFlags, messageTypes, type Outgoing, readBody, type Values } from './wire.ts';

/** Whom to call, and what. */
export interface Target {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

export interface CallOptions {
  /** How long the reply may take; default 25 s, as everywhere on D-Bus. */
  readonly timeoutMsec?: number;
  /** Start the service if it does not run; default true. */
  readonly autoStart?: boolean;
}

export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

const daemon = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

/**
 * A connection to a message bus, made by `connectBus`.
 *
 * Of dbus-native it takes the handshake and the reading and writing of values, but neither its MessageBus nor its
 * createConnection: the one answers Properties, Introspectable and Peer on its own and looks members up where inherited
 * ones are found too; the other parses every body before anybody can say whether it is wanted, and gives the connection
 * up when one cannot be parsed. Here a body is looked into only when its signature is what some member takes.
 */
export class Connection {
  /** The unique name, ":1.42". Empty until Hello is answered. */
  name = '';
  /** Somebody calls us. What it throws is a fault of ours and goes to `onFault`. */
  onCall: (call: Frame) => void = () => {};
  onFault: (fault: unknown) => void = () => {};
  /** Settles, with why, when the bus is gone for good. Never rejects. */
  readonly closed: Promise<string>;

  readonly #socket: Socket;
  readonly #frames = new Frames();
  readonly #pending = new PendingCalls();
  #serial = 0;
  #corked = false;
  #why = 'the bus closed the connection';

  /** @param socket on which the handshake is done */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#pending.endAll(this.#why);
        resolve(this.#why);
      });
    });
    socket.on('error', (error) => {
      this.#why = error.message;
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => socket.resume());
  }

  /**
   * Calls a member and waits for its reply, which must have the signature `expected`.
   * @throws BusError
   */
  async call<Expected extends string>(
    target: Target,
    signature: string,
    body: readonly unknown[],
    expected: Expected,
    { timeoutMsec = 25_000, autoStart = true }: CallOptions = {},
  ): Promise<Values<Expected>> {
    const serial = this.#nextSerial();
    const flags = autoStart ? 0 : messageFlags.noAutoStart;
    this.#send({ type: messageTypes.call, serial, flags, ...target, signature, body });
    const reply = await this.#pending.wait(serial, timeoutMsec);
    const came = reply.fields.signature ?? '';
    if (came !== expected || reply.body === undefined)
      throw new BusError(
        'org.freedesktop.DBus.Error.InconsistentMessage',
        `${target.member} replied '${came}'${reply.body === undefined ? ', far too large,' : ''} and not '${expected}'`,
      );
    return readBody(reply, expected);
  }

  /** Nothing is sent to who does not want to hear. */
  reply(call: Frame, signature: string, body: readonly unknown[]): void {
    if (call.flags & messageFlags.noReplyExpected) return;
    this.#send({ type: messageTypes.reply, ...this.#answering(call), signature, body });
  }

  error(call: Frame, errorName: string, text: string): void {
    if (call.flags & messageFlags.noReplyExpected) return;
    this.#send({ type: messageTypes.error, ...this.#answering(call), errorName, signature: 's', body: [text] });
  }

  signal(signal: Signal, signature: string, body: readonly unknown[]): void {
    this.#send({
      type: messageTypes.signal,
      serial: this.#nextSerial(),
      flags: messageFlags.noReplyExpected,
      ...signal,
      signature,
      body,
    });
  }

  /** What the bus daemon itself is asked. */
  askDaemon<Expected extends string>(
    member: string,
    signature: string,
    body: readonly unknown[],
    expected: Expected,
  ): Promise<Values<Expected>> {
    return this.call({ ...daemon, member }, signature, body, expected);
  }

  /**
   * Becomes the owner of a well-known name, for as long as the connection lives.
   * @throws NameTaken
   */
  async requestName(name: string): Promise<void> {
    const doNotQueue = 4;
    const [outcome] = await this.askDaemon('RequestName', 'su', [name, doNotQueue], 'u');
    const primaryOwner = 1;
    const alreadyOwner = 4;
    if (outcome !== primaryOwner && outcome !== alreadyOwner) throw new NameTaken(name);
  }

  close(): void {
    this.#why = 'closed by us';
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.feed(chunk)) this.#dispatch(frame);
    } catch (fault) {
      this.#why = fault instanceof Error ? fault.message : String(fault);
      this.#socket.destroy();
    }
  }

  #dispatch(frame: Frame): void {
    try {
      // No signal is subscribed to, and unknown types are to be ignored (specification, "Message Format").
      if (frame.type === messageTypes.call) this.onCall(frame);
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

  /** All that is sent in one turn goes out in one write. Who cannot send stops reading: so the queue has an end. */
  #send(outgoing: Outgoing): void {
    const bytes = marshal(outgoing);
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    if (!this.#socket.write(bytes)) this.#socket.pause();
  }
}
