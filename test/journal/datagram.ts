/** Takes a datagram of the native protocol apart as journald does, systemd.io/JOURNAL_NATIVE_PROTOCOL. */
export function parseDatagram(datagram: Buffer): ReadonlyArray<readonly [name: string, value: string]> {
  const fields: [string, string][] = [];
  for (let at = 0; at < datagram.length; ) {
    const end = datagram.indexOf('\n', at);
    if (end === -1) throw new Error('the last field has no end');
    const equals = datagram.subarray(at, end).indexOf('=');
    if (equals !== -1) {
      fields.push([datagram.toString('utf8', at, at + equals), datagram.toString('utf8', at + equals + 1, end)]);
      at = end + 1;
      continue;
    }

    const start = end + 1 + 8;
    const length = Number(datagram.readBigUInt64LE(end + 1));
    if (datagram[start + length] !== 0x0a) throw new Error('the value is not as long as it says');
    fields.push([datagram.toString('utf8', at, end), datagram.toString('utf8', start, start + length)]);
    at = start + length + 1;
  }
  return fields;
}

export const fieldOf = (datagram: Buffer, wanted: string): string | undefined =>
  parseDatagram(datagram).find(([name]) => name === wanted)?.[1];

export const messageOf = (datagram: Buffer): string | undefined => fieldOf(datagram, 'MESSAGE');
