import { closeSync, constants, openSync, readSync } from 'node:fs';
import koffi from 'koffi';

// What Node does not offer: datagram sockets, pipes, socket pairs and terminals, to be read when a test says so.

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const uint8_t *, uint32_t)');
const recv = libc.func('intptr_t recv(int, uint8_t *, size_t, int)');
const pipe2 = libc.func('int pipe2(int *, int)');
const socketpair = libc.func('int socketpair(int, int, int, int *)');
const posix_openpt = libc.func('int posix_openpt(int)');
const grantpt = libc.func('int grantpt(int)');
const unlockpt = libc.func('int unlockpt(int)');
const ptsname = libc.func('const char *ptsname(int)');

const O_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;

function ok(result: number, call: string): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}

/** What journald is to us: a datagram socket with a name. It reads when it is told to. */
export class Receiver implements Disposable {
  readonly #fd = ok(socket(1, 2 | O_CLOEXEC, 0), 'socket');

  /** @param path an abstract one begins with '@' */
  constructor(path: string) {
    const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
    const address = Buffer.concat([Buffer.from(Uint16Array.of(1).buffer), name]);
    ok(bind(this.#fd, address, address.length), 'bind');
  }

  /** The oldest datagram nobody has read yet. */
  receive(): Buffer | undefined {
    const buffer = Buffer.alloc(256 * 1024);
    const length = recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT);
    return length < 0 ? undefined : buffer.subarray(0, length);
  }

  *receiveAll(): Iterable<Buffer> {
    for (let datagram = this.receive(); datagram !== undefined; datagram = this.receive()) yield datagram;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Two ends: what is written to the second is read from the first, when a test says so. */
export interface Ends extends Disposable {
  readonly write: number;
  /** All there is by now; never waits. */
  read(): string;
  closeReader(): void;
  closeWriter(): void;
}

export function openPipe(): Ends {
  const [reader, writer] = pair((fds) => pipe2(fds, O_CLOEXEC));
  const own = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY | constants.O_NONBLOCK);
  closeSync(reader);
  return ends(own, writer, (buffer) => readSync(own, buffer));
}

export function openSocketPair(): Ends {
  const [reader, writer] = pair((fds) => socketpair(1, 1 | O_CLOEXEC, 0, fds));
  return ends(reader, writer, (buffer) => Math.max(0, recv(reader, buffer, buffer.length, MSG_DONTWAIT)));
}

/** A terminal nobody looks at. What it shows is what is read. */
export function openTerminal(): Ends {
  const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
  const own = ok(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), 'posix_openpt');
  ok(grantpt(own), 'grantpt');
  ok(unlockpt(own), 'unlockpt');
  return ends(own, openSync(ptsname(own), O_RDWR | O_NOCTTY), (buffer) => readSync(own, buffer));
}

function pair(make: (fds: Int32Array) => number): readonly [number, number] {
  const fds = new Int32Array(2);
  ok(make(fds), 'pair');
  return [fds[0]!, fds[1]!];
}

function ends(reader: number, writer: number, read: (buffer: Buffer) => number): Ends {
  const open = new Set([reader, writer]);
  const close = (fd: number) => {
    if (open.delete(fd)) closeSync(fd);
  };
  return {
    write: writer,
    read: () => readAll(read),
    closeReader: () => close(reader),
    closeWriter: () => close(writer),
    [Symbol.dispose]: () => [...open].forEach(close),
  };
}

function readAll(read: (buffer: Buffer) => number): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.alloc(65_536);
    const length = unlessBehind(() => read(buffer));
    if (length === 0) return Buffer.concat(chunks).toString();
    chunks.push(buffer.subarray(0, length));
  }
}

function unlessBehind(read: () => number): number {
  try {
    return read();
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw fault;
  }
}
