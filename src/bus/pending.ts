import { BusError } from './bus-error.ts';
import type { Frame } from './frames.ts';
import { messageTypes, readBody } from './wire.ts';

/** What is expected of a reply, and how it is read: at once, since its bytes do not last. */
export interface Expected<Result> {
  /** Only what comes from there is a reply; undefined: whoever the bus lets reply. */
  readonly from: string | undefined;
  /** Infinity: as long as it takes. */
  readonly timeoutMsec: number;
  readonly read: (reply: Frame) => Result;
}

interface Waiting {
  readonly from: string | undefined;
  readonly settle: (reply: Frame) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout | undefined;
}

/** Our own calls that have no reply yet. Each ends once: by a reply, an error, its deadline or the end of the bus. */
export class PendingCalls {
  readonly #waiting = new Map<number, Waiting>();

  wait<Result>(serial: number, { from, timeoutMsec, read }: Expected<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const expire = () => this.#take(serial)?.reject(new BusError(noReply, `no reply within ${timeoutMsec} ms`));
      const settle = (reply: Frame) => {
        try {
          resolve(read(reply));
        } catch (fault) {
          reject(fault);
        }
      };
      const deadline = timeoutMsec === Number.POSITIVE_INFINITY ? undefined : setTimeout(expire, timeoutMsec);
      this.#waiting.set(serial, { from, settle, reject, deadline });
    });
  }

  /** A reply to nothing we ask (any more), or from somebody else, is nobody's concern. */
  settle(frame: Frame): void {
    const { replySerial = 0, sender, errorName = failed } = frame.fields;
    const from = this.#waiting.get(replySerial)?.from;
    if (from !== undefined && from !== sender) return;

    const waiting = this.#take(replySerial);
    if (frame.type === messageTypes.reply) waiting?.settle(frame);
    else waiting?.reject(new BusError(errorName, textOf(frame)));
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
