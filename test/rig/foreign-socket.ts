import { closeSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { Encoder } from '../bus/nasty.ts';

const libc = koffi.load(null);
const syscall3 = libc.func('long syscall(long, int, int, unsigned int)');
const getpeername = libc.func('int getpeername(int, uint8_t *, _Inout_ uint32_t *)');

/** The same numbers on every architecture. */
const [pidfdOpen, pidfdGetfd] = [434, 438];

function ok(result: number, call: string): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}

/** Says to the bus, on that process's own connection, that it gives a name up. Nothing else tells a real bus to take one away. */
export function giveUpName(pid: number, busPath: string, name: string): void {
  const encoder = new Encoder();
  const daemon = 'org.freedesktop.DBus';
  const body = encoder.string(name);
  const to = encoder.unknown('s', 4, encoder.string(daemon), 6);
  const fields = [
    to,
    ...encoder.call('ReleaseName', '/org/freedesktop/DBus', daemon, 's').filter(({ code }) => code !== 7),
  ];
  // NO_REPLY_EXPECTED, and a serial that the process itself will not come to.
  const bytes = encoder.message({ type: 1, flags: 1, serial: 0x7fff_fffe, fields, body });

  const pidfd = ok(syscall3(pidfdOpen, pid, 0, 0), 'pidfd_open');
  const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) =>
    readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:'),
  );
  try {
    const found = sockets.filter((fd) => withFd(ok(syscall3(pidfdGetfd, pidfd, Number(fd), 0), 'pidfd_getfd'), write));
    if (found.length !== 1) throw new Error(`process ${pid} has ${found.length} connections to ${busPath}`);
  } finally {
    closeSync(pidfd);
  }

  /** @returns whether it leads to the bus */
  function write(fd: number): boolean {
    if (peerOf(fd) !== busPath) return false;
    if (writeSync(fd, bytes) !== bytes.length) throw new Error('the connection is full');
    return true;
  }
}

function withFd<Result>(fd: number, use: (fd: number) => Result): Result {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** The path of a socket; sockaddr_un begins with two bytes of family. */
function peerOf(fd: number): string {
  const address = Buffer.alloc(128);
  if (getpeername(fd, address, Uint32Array.of(address.length)) < 0) return '';
  return address.toString('utf8', 2).replace(/\0.*$/s, '');
}
