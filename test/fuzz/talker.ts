import { type Frame, Frames } from '../../src/bus/frames.ts';
import { authenticate } from '../../src/bus/handshake.ts';
import { SocketStream } from '../../src/bus/stream.ts';
import { Encoder } from '../bus/nasty.ts';
import type { Message } from './message.ts';

const bus = 'org.freedesktop.DBus';

/** So many of one connection's calls wait for their answers: few enough for the bus and the broker. */
const windowMax = 48;

/** A connection that says whatever it is given, and counts the answers. */
export class Talker {
  readonly #stream: SocketStream;
  readonly #frames = new Frames();
  readonly #waiting = new Map<number, Message>();
  #serial = 1;
  #room: () => void = () => {};
  isOver = false;
  answers = 0;
  /** Error names, and 'reply'; how often each came. */
  readonly outcomes = new Map<string, number>();
  /** Answers nobody had asked for. */
  readonly unasked: string[] = [];

  private constructor(stream: SocketStream) {
    this.#stream = stream;
    void stream.closed.then(() => {
      this.isOver = true;
      this.#room();
    });
  }

  static async connect(address: string): Promise<Talker> {
    const stream = await SocketStream.open(address.replace('unix:path=', ''));
    await authenticate(stream, process.getuid?.() ?? 0);
    const talker = new Talker(stream);
    stream.onBytes = (bytes) => {
      for (const frame of talker.#frames.feed(bytes)) talker.#hear(frame);
    };
    const encoder = new Encoder();
    const to = encoder.unknown('s', 4, encoder.string(bus), 6);
    const fields = [to, ...encoder.call('Hello', '/', bus).filter(({ code }) => code !== 7)];
    const bytes = encoder.message({ serial: 1, fields });
    talker.send({ bytes, isAnswered: true, isRude: false, says: 'Hello' });
    return talker;
  }

  /** The serial of the next message. */
  get serial(): number {
    return this.#serial;
  }

  send(message: Message): void {
    if (message.isAnswered && !message.isRude) this.#waiting.set(this.#serial, message);
    this.#serial++;
    this.#stream.write(message.bytes);
  }

  /** Resolves when there is room for more calls. @returns false when nothing comes for that long */
  async room(timeoutMsec: number): Promise<boolean> {
    return await this.#until(() => this.#waiting.size < windowMax, timeoutMsec);
  }

  /** Resolves with what was never answered. */
  async finish(timeoutMsec: number): Promise<readonly Message[]> {
    await this.#until(() => this.#waiting.size === 0, timeoutMsec);
    const unanswered = this.isOver ? [] : [...this.#waiting.values()];
    this.#stream.end();
    return unanswered;
  }

  /** What waited when the bus hung up. */
  get waiting(): readonly Message[] {
    return [...this.#waiting.values()];
  }

  async #until(isSo: () => boolean, timeoutMsec: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMsec;
    while (!isSo() && !this.isOver) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#room = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  #hear({ type, fields }: Frame): void {
    if (type !== 2 && type !== 3) return;
    const { replySerial = 0, errorName = 'reply', sender } = fields;
    const isExpected = this.#waiting.delete(replySerial);
    // The bus itself may complain of anything.
    if (!isExpected && sender !== bus) this.unasked.push(`${errorName} to serial ${replySerial}`);
    if (isExpected) this.answers++;
    this.outcomes.set(errorName, (this.outcomes.get(errorName) ?? 0) + 1);
    this.#room();
  }
}
