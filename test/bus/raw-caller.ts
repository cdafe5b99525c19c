import { type Frame, Frames } from '../../src/bus/frames.ts';
import { authenticate } from '../../src/bus/handshake.ts';
import { SocketStream } from '../../src/bus/stream.ts';
import { read } from './fake-daemon.ts';
import { Encoder, type Field } from './nasty.ts';

const bus = 'org.freedesktop.DBus';

/** A caller on a real bus who sends whatever bytes it likes. */
export class RawCaller {
  readonly #stream: SocketStream;
  readonly #frames = new Frames();
  readonly #waiting = new Map<number, (answer: string) => void>();
  #serial = 0;
  #signal: (signal: ReturnType<typeof read>) => void = () => {};
  /** The first signal that comes. */
  readonly signal = new Promise<ReturnType<typeof read>>((resolve) => {
    this.#signal = resolve;
  });

  private constructor(stream: SocketStream) {
    this.#stream = stream;
  }

  static async connect(address: string): Promise<RawCaller> {
    const stream = await SocketStream.open(address.replace('unix:path=', ''));
    await authenticate(stream, process.getuid?.() ?? 0);
    const caller = new RawCaller(stream);
    stream.onBytes = (bytes) => {
      for (const frame of caller.#frames.feed(bytes)) caller.#hear(frame);
    };
    await caller.send(new Encoder(), bus, { fields: new Encoder().call('Hello', '/', bus) });
    return caller;
  }

  /** @returns the error that came, "reply", or "hung up" when the bus threw us out */
  send(
    encoder: Encoder,
    destination: string,
    { fields, body, type }: { readonly fields: readonly Field[]; readonly body?: Buffer; readonly type?: number },
  ): Promise<string> {
    const serial = ++this.#serial;
    const to = encoder.unknown('s', 4, encoder.string(destination), 6);
    // The bus says who we are: a message that says so itself is thrown out.
    const mine = [to, ...fields.filter(({ code }) => code !== 7)];
    const answer = new Promise<string>((resolve) => this.#waiting.set(serial, resolve));
    const given = { ...(body && { body }), ...(type !== undefined && { type }) };
    this.#stream.write(encoder.message({ serial, fields: mine, ...given }));
    return Promise.race([answer, this.#stream.closed.then(() => 'hung up')]);
  }

  /** @param rule D-Bus specification, "Match Rules" */
  listen(rule: string): Promise<string> {
    const fields = new Encoder().call('AddMatch', '/', bus, 's');
    return this.send(new Encoder(), bus, { fields, body: new Encoder().string(rule) });
  }

  close(): void {
    this.#stream.end();
  }

  #hear(frame: Frame): void {
    const { replySerial = 0, errorName, member } = frame.fields;
    if (member === 'PropertiesChanged') this.#signal(read(frame));
    else this.#waiting.get(replySerial)?.(errorName ?? 'reply');
  }
}
