import { BusError } from './bus-error.ts';
import type { Frame } from './frames.ts';
import { messageTypes, readBody } from './wire.ts';

interface Waiting {
  readonly resolve: (reply: Frame) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

/** Our own calls that have no reply yet. Each ends once: by a reply, an error, its deadline or the end of the bus. */
export class PendingCalls {
  readonly #waiting = new Map<number, Waiting>();

  wait(serial: number, timeoutMsec: number): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => this.#take(serial)?.reject(new BusError(noReply, `no reply within ${timeoutMsec} ms`)),
        timeoutMsec,
      );
      this.#waiting.set(serial, { resolve, reject, deadline });
    });
  }

  /** A reply to nothing we ask (any more) is nobody's concern. */
  settle(frame: Frame): void {
    const waiting = this.#take(frame.fields.replySerial ?? 0);
    if (waiting === undefined) return;
    if (frame.type === messageTypes.reply) waiting.resolve(frame);
    else waiting.reject(new BusError(frame.fields.errorName ?? failed, textOf(frame)));
  }

  endAll(why: string): void {
    for (const serial of [...this.#waiting.keys()]) this.#take(serial)?.reject(new BusError(disconnected, why));
  }

  #take(serial: number): Waiting | undefined {
    const waiting = this.#waiting.get(serial);
    this.#waiting.delete(serial);
    clearTimeout(waiting?.deadline);
    return waiting;
  }
}

const noReply = 'org.freedesktop.DBus.Error.NoReply';
const disconnected = 'org.freedesktop.DBus.Error.Disconnected';
const failed = 'org.freedesktop.DBus.Error.Failed';

/** An error's text is its first argument, if that is a string. */
function textOf(frame: Frame): string {
  if (!frame.fields.signature?.startsWith('s') || frame.body === undefined) return '';
  try {
    return readBody(frame, 's')[0];
  } catch {
    return '';
  }
}
