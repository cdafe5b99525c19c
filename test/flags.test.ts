import { expect, test } from 'vitest';
import { help, parseFlags, WrongUse } from '../src/flags.ts';

const none = {};

test('without a word it serves on the system bus', () => {
  expect(parseFlags([], none)).toEqual({
    config: undefined,
    stateDir: '/run/realtime-broker',
    bus: 'unix:path=/run/dbus/system_bus_socket',
    logLevel: undefined,
    deed: 'serve',
  });
});

test('the bus is the one named, else the one of the environment', () => {
  const environment = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/environment' };
  expect(parseFlags([], environment).bus).toBe('unix:path=/environment');
  expect(parseFlags(['--bus', 'unix:path=/flag'], environment).bus).toBe('unix:path=/flag');
  expect(parseFlags([], { DBUS_SYSTEM_BUS_ADDRESS: '' }).bus).toBe('unix:path=/run/dbus/system_bus_socket');
});

test('each flag is heard', () => {
  const flags = parseFlags(['--config=f.toml', '--state-dir', '/s', '--log-level', 'debug', '--check-config'], none);
  expect(flags).toMatchObject({ config: 'f.toml', stateDir: '/s', logLevel: 'debug', deed: 'check-config' });
  expect(parseFlags(['--after-stop'], none).deed).toBe('after-stop');
  expect(parseFlags(['--version'], none).deed).toBe('version');
  expect(parseFlags(['-h', '--version'], none).deed).toBe('help');
});

for (const wrong of [['--colour'], ['now'], ['--bus'], ['--log-level', 'loud'], ['--version=yes']])
  test(`'${wrong.join(' ')}' is wrong use`, () => expect(() => parseFlags(wrong, none)).toThrow(WrongUse));

test('the help names every flag', () => {
  for (const flag of ['config', 'state-dir', 'bus', 'log-level', 'check-config', 'after-stop', 'version', 'help'])
    expect(help).toContain(`--${flag}`);
});
