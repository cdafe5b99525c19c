import { expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { heedNameLost } from '../../src/bus/names.ts';
import { FakeDaemon } from './fake-daemon.ts';

const nameLost = { path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'NameLost' };
const name = 'org.example.RealtimeBroker';

test('a name is lost when the bus daemon says so, and on nobody else’s word', () => {
  const daemon = new FakeDaemon();
  const lost: string[] = [];
  heedNameLost(new Connection(daemon), (each) => lost.push(each));
  daemon.emit(':1.7', { ...nameLost, signature: 's', body: [name] });
  daemon.emit('org.freedesktop.DBus', { ...nameLost, signature: 'ss', body: [name, name] });
  expect(lost).toEqual([]);
  daemon.emit('org.freedesktop.DBus', { ...nameLost, signature: 's', body: [name] });
  expect(lost).toEqual([name]);
});
