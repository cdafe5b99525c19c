import { constants } from 'node:os';
import koffi from 'koffi';

// null is the program itself, and with it the C library it runs on, whatever its file is called.
const libc = koffi.load(null);

type Call<Arguments extends readonly unknown[]> = (...given: Arguments) => number;
const socket = libc.func('int socket(int domain, int type, int protocol)') as Call<[number, number, number]>;
const sendto = libc.func(
  'intptr_t sendto(int fd, const uint8_t *data, size_t size, int flags, const uint8_t *address, uint32_t address_size)',
) as Call<[number, Uint8Array, number, number, Uint8Array | null, number]>;
const poll = libc.func('int poll(uint8_t *fds, unsigned long count, int timeout)') as Call<
  [Uint8Array, number, number]
>;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLOUT = 4;

export const { EAGAIN, ENOBUFS, ENOMEM, EINTR } = constants.errno;

/** What the kernel answers: a number of bytes or a descriptor, or, below zero, an errno. */
type Answer = number;

const answer = (result: number): Answer => (result < 0 ? -koffi.errno() : result);

/** unix(7): a datagram socket that belongs to nobody yet. */
export const openSocket = (): Answer => answer(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));

/** send(2) or sendto(2), without waiting, whatever the flags of the descriptor are, and without SIGPIPE. */
export const send = (fd: number, data: Uint8Array, to?: Uint8Array): Answer =>
  answer(sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, to ?? null, to?.length ?? 0));

/** Whether a small write would not wait, poll(2). A broken pipe does not wait either. */
export function writable(fd: number): boolean {
  const pollfd = Buffer.alloc(8); // struct pollfd { int fd; short events, revents; }
  new Int32Array(pollfd.buffer, pollfd.byteOffset, 1)[0] = fd;
  new Int16Array(pollfd.buffer, pollfd.byteOffset + 4, 1)[0] = POLLOUT;
  return poll(pollfd, 1, 0) > 0;
}

/** struct sockaddr_un. @param path an abstract one begins with '@'; @throws RangeError when it does not fit in it */
export function addressOf(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > 107 || name.includes(0))
    throw new RangeError(`no socket can have the path ${JSON.stringify(path)}`);
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  // An abstract name has a NUL before it and none behind it: that would be part of it, unix(7).
  if (path.startsWith('@')) return Buffer.concat([family, Buffer.alloc(1), name.subarray(1)]);
  return Buffer.concat([family, name, Buffer.alloc(1)]);
}
