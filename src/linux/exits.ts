import { Socket, type SocketConnectOpts, type SocketConstructorOpts } from 'node:net';
import type { Library } from './library.ts';
import type { WaiterPointer } from './native.ts';

const recordSize = 8;

/** Hears of threads that ended from the native exit waiter, and calls back. Nothing polls, nothing wakes meanwhile. */
export class Exits implements Disposable {
  readonly #library: Library;
  readonly #waiter: WaiterPointer;
  readonly #socket: Socket;
  readonly #callbacks = new Map<number, () => void>();
  #partial: Buffer = Buffer.alloc(0);

  /** @throws SyscallError */
  constructor(library: Library) {
    const { waiter, reports } = library.openWaiter();
    this.#library = library;
    this.#waiter = waiter;
    this.#socket = readerOf(reports, (bytes) => this.#read(bytes));
    // Unwatched threads would keep their places for ever; a restarted daemon looks at each of them.
    this.#socket.on('end', () => {
      throw new Error('the exit waiter has ended');
    });
    this.#socket.unref();
  }

  /**
   * Calls back once, after what the pidfd means has ended, never before this returns.
   * @returns how to stop it, to be called before the pidfd is closed
   * @throws SyscallError
   */
  watch(pidfd: number, onExit: () => void): () => void {
    const cookie = this.#library.watch(this.#waiter, pidfd);
    this.#callbacks.set(cookie, onExit);
    return () => {
      this.#callbacks.delete(cookie);
      this.#library.forget(this.#waiter, pidfd);
    };
  }

  [Symbol.dispose](): void {
    this.#socket.removeAllListeners('end').destroy();
    this.#library.closeWaiter(this.#waiter);
    this.#callbacks.clear();
  }

  /** The socket knows no records: one may come in two pieces. */
  #read(chunk: Buffer): void {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    const whole = bytes.length - (bytes.length % recordSize);
    this.#partial = Buffer.from(bytes.subarray(whole));
    for (let at = 0; at < whole; at += recordSize) this.#exited(Number(readCookie(bytes, at)));
  }

  /** A record of a thread forgotten meanwhile finds nobody: no cookie is used twice. */
  #exited(cookie: number): void {
    const onExit = this.#callbacks.get(cookie);
    this.#callbacks.delete(cookie);
    onExit?.();
  }
}

/** Into one buffer again and again: each end of a thread would make its own, otherwise. */
function readerOf(fd: number, onBytes: (bytes: Buffer) => void): Socket {
  const buffer = Buffer.alloc(512 * recordSize);
  const callback = (length: number) => {
    onBytes(buffer.subarray(0, length));
    return true;
  };
  // @types/node has it for those that connect only.
  const options: SocketConstructorOpts & Pick<SocketConnectOpts, 'onread'> = { fd, onread: { buffer, callback } };
  return new Socket({ ...options, readable: true, writable: false });
}

/** The machine's own byte order, which is the smaller end first wherever we run. */
const readCookie = (bytes: Buffer, at: number): bigint => bytes.readBigUInt64LE(at);
