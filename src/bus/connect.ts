import { parseAddresses } from './address.ts';
import { Connection } from './connection.ts';
import { authenticate } from './handshake.ts';
import { SocketStream } from './stream.ts';

/** A bus that does not even say hello within this time is no bus to wait for. */
const connectMsec = 10_000;

/**
 * Connects to the first bus of an address list that can be reached, and says Hello.
 * @param bodyMax longest message that is read, in bytes; default: what a daemon has use for
 * @throws Error when none can
 */
export async function connectBus(address: string, bodyMax?: number): Promise<Connection> {
  const failures: string[] = [];
  for (const path of parseAddresses(address)) {
    try {
      return await open(path, bodyMax);
    } catch (fault) {
      failures.push(fault instanceof Error ? fault.message : String(fault));
    }
  }
  throw new Error(`no message bus at ${address}: ${failures.join('; ')}`);
}

async function open(path: string, bodyMax: number | undefined): Promise<Connection> {
  requireAbstract(path);
  const stream = await SocketStream.open(path);
  const deadline = setTimeout(() => stream.destroy('the bus does not answer'), connectMsec);
  try {
    await authenticate(stream, process.getuid?.() ?? 0);
    const connection = new Connection(stream, bodyMax);
    await connection.hello();
    return connection;
  } catch (fault) {
    stream.destroy('the bus was no use');
    throw fault;
  } finally {
    clearTimeout(deadline);
  }
}

/** Before libuv 1.48 an abstract name is filled up with NULs, and thereby another one: nobody listens there. */
function requireAbstract(path: string): void {
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
  if (path.startsWith('\0') && major === 1 && minor < 48)
    throw new Error(`Node ${process.version} cannot reach abstract sockets (libuv ${process.versions.uv})`);
}
