import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectBus } from '../../src/bus/connect.ts';
import { authenticate } from '../../src/bus/handshake.ts';
import { SocketStream } from '../../src/bus/stream.ts';

let dir: string;
let path: string;
let server: Server;
let peers: Socket[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'realtime-broker-stream-'));
  path = join(dir, 'bus');
  peers = [];
  server = createServer((socket) => peers.push(socket));
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterEach(() => {
  for (const peer of peers) peer.destroy();
  server.close();
  rmSync(dir, { recursive: true });
});

const once = (socket: Socket, event: string) => new Promise((resolve) => socket.once(event, resolve));

/** So many turns of the event loop: whatever can be read has been read by then. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function open(): Promise<{ readonly stream: SocketStream; readonly peer: Socket }> {
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  return { stream: await SocketStream.open(path), peer: await accepted };
}

describe('a stream', () => {
  test('brings bytes there and back', async () => {
    const { stream, peer } = await open();
    peer.on('data', (bytes) => peer.write(bytes));
    const heard = new Promise<string>((resolve) => {
      stream.onBytes = (bytes) => resolve(bytes.toString());
    });
    stream.write(Buffer.from('a'));
    stream.write(Buffer.from('b'));
    await expect(heard).resolves.toBe('ab');
    stream.end();
  });

  test('to nowhere is an error', async () => {
    await expect(SocketStream.open(join(dir, 'nothing'))).rejects.toThrow(/ENOENT/);
  });

  test('says why it ended: by the other side', async () => {
    const { stream, peer } = await open();
    peer.end();
    await expect(stream.closed).resolves.toBe('the bus closed the connection');
  });

  test('says why it ended: by us, when all was sent', async () => {
    const { stream, peer } = await open();
    let bytes = 0;
    peer.on('data', (chunk) => {
      bytes += chunk.length;
    });
    const ended = once(peer, 'end');
    stream.write(Buffer.alloc(1_000_000));
    stream.end();
    await expect(stream.closed).resolves.toBe('closed by us');
    await ended;
    expect(bytes).toBe(1_000_000);
  });

  test('reads nothing more while the other side does not take what it is sent, and goes on when it does', async () => {
    const { stream, peer } = await open();
    // Each byte that comes is answered with a hundred: without a brake the queue would grow without end.
    let heard = 0;
    stream.onBytes = (bytes) => {
      heard += bytes.length;
      stream.write(Buffer.alloc(bytes.length * 100));
    };
    const sent = 4_000_000;
    peer.pause();
    peer.write(Buffer.alloc(sent));
    let before = -1;
    while (heard === 0 || heard !== before) {
      before = heard;
      await turns(100);
    }
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThan(500_000);

    peer.resume();
    await new Promise<void>((resolve) => {
      let answered = 0;
      peer.on('data', (bytes) => {
        answered += bytes.length;
        if (answered > 20_000_000) resolve();
      });
    });
    expect(heard).toBeGreaterThan(before);
    stream.destroy('enough');
  });
});

describe('an abstract address', () => {
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
  const possible = major > 1 || minor >= 48;

  test(possible ? 'is connected to' : 'is beyond this Node, and the error says so', async () => {
    const name = `realtime-broker-test-${process.pid}`;
    const abstract = createServer((peer) => peer.end('REJECTED\r\n'));
    await new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve));
    const error = possible ? /refused us/ : /cannot reach abstract sockets \(libuv 1\.\d+/;
    await expect(connectBus(`unix:abstract=${name}`)).rejects.toThrow(error);
    abstract.close();
  });
});

describe('the handshake', () => {
  const serveLine = (answer: string) =>
    server.on('connection', (peer) => {
      let text = '';
      peer.on('data', (bytes) => {
        text += bytes.toString('latin1');
        if (text.endsWith('\r\n') && answer !== '') peer.write(answer);
      });
    });

  test('tells who we are, and begins', async () => {
    const { stream, peer } = await open();
    let text = '';
    peer.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.endsWith('31303030\r\n')) peer.write('OK 1234deadbeef\r\n');
    });
    const ended = once(peer, 'end');
    await authenticate(stream, 1000);
    stream.end();
    await ended;
    expect(text).toBe('\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n');
  });

  for (const [title, answer, error] of [
    ['that is refused', 'REJECTED EXTERNAL\r\n', /refused us: "REJECTED EXTERNAL"/],
    ['with something else', `${'x'.repeat(2000)}`, /speaks no D-Bus/],
  ] as const)
    test(`${title} is an error`, async () => {
      serveLine(answer);
      await expect(connectBus(`unix:path=${path}`)).rejects.toThrow(error);
    });

  test('with a bus that hangs up is an error', async () => {
    server.on('connection', (peer) => peer.destroy());
    await expect(connectBus(`unix:path=${path}`)).rejects.toThrow(/no message bus at unix:path=/);
  });

  test('goes to the next address when the first is no bus', async () => {
    serveLine('REJECTED\r\n');
    await expect(connectBus(`unix:path=${dir}/nothing;unix:path=${path}`)).rejects.toThrow(/ENOENT.*refused us/);
  });
});
