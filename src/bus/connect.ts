import { connect, type Socket } from 'node:net';
import handshake from 'dbus-native/lib/handshake.js';
import { parseAddresses } from './address.ts';
import { Connection } from './connection.ts';

/** A bus that does not even say hello within this time is no bus to wait for. */
const connectMsec = 10_000;

/**
 * Connects to the first bus of an address list that can be reached, and says Hello.
 * @throws Error when none can
 */
export async function connectBus(address: string): Promise<Connection> {
  const failures: string[] = [];
  for (const path of parseAddresses(address)) {
    try {
      return await open(path);
    } catch (fault) {
      failures.push(fault instanceof Error ? fault.message : String(fault));
    }
  }
  throw new Error(`no message bus at ${address}: ${failures.join('; ')}`);
}

async function open(path: string): Promise<Connection> {
  const socket = connect(path);
  const deadline = setTimeout(() => socket.destroy(new Error('no answer to the handshake')), connectMsec);
  try {
    await authenticated(socket);
    const connection = new Connection(socket);
    [connection.name] = await connection.askDaemon('Hello', '', [], 's');
    return connection;
  } catch (fault) {
    socket.destroy();
    throw fault;
  } finally {
    clearTimeout(deadline);
  }
}

/** EXTERNAL alone: who we are is what the kernel says, and no other mechanism has any business on a system bus. */
function authenticated(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the bus closed the connection in the handshake')));
    handshake(socket, { authMethods: ['EXTERNAL'] }, (error) => (error ? reject(error) : resolve()));
  });
}
