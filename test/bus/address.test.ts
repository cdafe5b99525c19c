import { describe, expect, test } from 'vitest';
import { parseAddresses } from '../../src/bus/address.ts';

describe('a bus address', () => {
  const table: readonly (readonly [title: string, address: string, paths: readonly string[]])[] = [
    ['is a path', 'unix:path=/run/dbus/system_bus_socket', ['/run/dbus/system_bus_socket']],
    ['may have a guid behind it', 'unix:path=/a,guid=1234', ['/a']],
    ['may have a guid before it', 'unix:guid=1234,path=/a', ['/a']],
    ['is an abstract name, which begins with a NUL', 'unix:abstract=/tmp/x', ['\0/tmp/x']],
    ['has its escapes decoded', 'unix:path=/a%20b%2cc%3b', ['/a b,c;']],
    ['is a list, in its order', 'unix:path=/a;unix:abstract=b', ['/a', '\0b']],
    ['may have transports we do not know, which are passed over', 'tcp:host=x,port=1;unix:path=/a;launchd:', ['/a']],
    ['may end in a semicolon', 'unix:path=/a;', ['/a']],
  ];
  for (const [title, address, paths] of table) test(title, () => expect(parseAddresses(address)).toEqual(paths));

  for (const address of ['', ';', 'unix:', 'unix:tmpdir=/tmp', 'tcp:host=x,port=1', '/run/dbus/system_bus_socket'])
    test(`'${address}' is none we can use`, () => expect(() => parseAddresses(address)).toThrow(/names no unix:/));

  test('with a broken escape is refused', () => expect(() => parseAddresses('unix:path=/a%2')).toThrow(/%-escape/));
});
