import type { Stream } from './stream.ts';

/** A bus that says more than this in a line is none. */
const lineMax = 1024;

/**
 * Tells the bus who we are: EXTERNAL alone, which is what the kernel says. No other mechanism has any business on a system
 * bus, and no file descriptors are agreed on. D-Bus specification, "Authentication Protocol".
 * @throws Error when the bus will not have us
 */
export async function authenticate(stream: Stream, uid: number): Promise<void> {
  const line = readLine(stream);
  stream.write(Buffer.from(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`, 'latin1'));
  const answer = await line;
  if (!answer.startsWith('OK ')) throw new Error(`the bus refused us: ${JSON.stringify(answer)}`);
  stream.write(Buffer.from('BEGIN\r\n'));
}

async function readLine(stream: Stream): Promise<string> {
  const line = new Promise<string>((resolve, reject) => {
    let text = '';
    stream.onBytes = (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > lineMax) reject(new Error('the bus speaks no D-Bus'));
    };
  });
  const ended = stream.closed.then((why) => Promise.reject(new Error(why)));
  return Promise.race([line, ended]);
}
