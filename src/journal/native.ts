import type { Entry } from './entry.ts';

const identifier = 'realtime-brokerd';

/** syslog(3)'s LOG_DAEMON, for those who forward the journal to a syslog. */
const facility = '3';

/** An entry as one datagram of the journal's native protocol, systemd.io/JOURNAL_NATIVE_PROTOCOL. */
export const encode = ({ priority, text, fields }: Entry): Buffer =>
  Buffer.concat([
    field('MESSAGE', text),
    field('PRIORITY', String(priority)),
    field('SYSLOG_IDENTIFIER', identifier),
    field('SYSLOG_FACILITY', facility),
    ...fields.map(([name, value]) => field(name, value)),
  ]);

/** A newline in a plain value would begin another field, and callers choose their names: such values go by their length. */
function field(name: string, value: string): Buffer {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const data = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, data, Buffer.from('\n')]);
}
