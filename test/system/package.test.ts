import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fromRoot } from '../rig/paths.ts';

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });
const { version } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8'));

describe('the package', () => {
  const deb = fromRoot(`build/realtime-broker_${version}_${run('dpkg', '--print-architecture').trim()}.deb`);
  const field = (name: string): string => run('dpkg-deb', '--field', deb, name).trim();

  test('has no errors that lintian knows', () => {
    expect(run('lintian', '--allow-root', '--fail-on', 'error', deb)).not.toMatch(/^E:/m);
  });

  test('says what it needs, and whose place it takes', () => {
    expect(field('Version')).toBe(version);
    expect(field('Depends').split(', ')).toEqual(
      expect.arrayContaining(['nodejs (>= 20.19)', 'dbus | dbus-broker', 'polkitd', expect.stringMatching(/^libc6 /)]),
    );
    for (const relation of ['Provides', 'Conflicts', 'Replaces']) expect(field(relation)).toMatch(/^rtkit\b/);
  });

  test('is small', () => {
    expect(statSync(deb).size).toBeLessThan(1024 * 1024);
  });

  test('brings all that belongs to the broker', () => {
    const files = run('dpkg-deb', '--contents', deb)
      .split('\n')
      .map((line) => /^\S+ +\S+ +\d+ \S+ \S+ \.(\S+)/.exec(line)?.[1]);
    const home = '/usr/libexec/realtime-broker';
    const names = ['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1'];
    expect(files).toEqual(
      expect.arrayContaining([
        ...['realtime-brokerd', 'rtbroker', 'rtbroker-run', 'koffi.node', 'librealtime-broker.so'].map(
          (name) => `${home}/${name}`,
        ),
        ...['bin/rtbroker', 'sbin/realtime-brokerd', 'lib/realtime-broker/realtime-broker.toml'].map(
          (name) => `/usr/${name}`,
        ),
        ...['realtime-broker', 'rtkit-daemon'].map((name) => `/usr/lib/systemd/system/${name}.service`),
        ...names.flatMap((name) => [
          `/usr/share/dbus-1/system-services/${name}.service`,
          `/usr/share/dbus-1/system.d/${name}.conf`,
          `/usr/share/polkit-1/actions/${name}.policy`,
        ]),
        ...readdirSync(fromRoot('dist/man')).map((page) => `/usr/share/man/man${page.at(-1)}/${page}.gz`),
        '/usr/share/bash-completion/completions/rtbroker',
        ...['50-realtime-broker-example.rules', 'clamp.conf'].map(
          (name) => `/usr/share/doc/realtime-broker/examples/${name}`,
        ),
      ]),
    );
  });

  test('brings the licence of everything in it', () => {
    const copyright = run(
      'sh',
      '-c',
      `dpkg-deb --fsys-tarfile ${deb} | tar -xO ./usr/share/doc/realtime-broker/copyright`,
    );
    for (const name of ['dbus-native', 'koffi', 'pino', 'smol-toml']) expect(copyright).toContain(`---- ${name} ----`);
  });
});

describe('install.sh', () => {
  const destdir = mkdtempSync(join(tmpdir(), 'realtime-broker-destdir-'));
  afterAll(() => rmSync(destdir, { recursive: true }));

  const install = (...args: string[]): string =>
    run('sh', fromRoot('packaging/install.sh'), ...args, '--destdir', destdir);
  const files = (): string =>
    run('sh', '-c', `cd ${destdir} && find . ! -type d -exec ls -l --time-style=+ {} + | sort`);

  test('does the same however often it is called, below another folder', () => {
    install('install', '--prefix', '/opt/broker');
    const once = files();
    expect(once).toContain('./opt/broker/libexec/realtime-broker/realtime-brokerd');
    install('install', '--prefix=/opt/broker');
    expect(files()).toBe(once);
  });

  test('makes folders for everybody, whatever root is used to', () => {
    run('sh', '-c', `umask 077 && sh ${fromRoot('packaging/install.sh')} install --destdir ${destdir}/private`);
    expect(run('find', `${destdir}/private/usr`, '-type', 'd', '!', '-perm', '0755')).toBe('');
    rmSync(join(destdir, 'private'), { recursive: true });
  });

  test('tells the unit and the bus where it put the programs, in places where they look', () => {
    const unit = readFileSync(join(destdir, 'usr/local/lib/systemd/system/realtime-broker.service'), 'utf8');
    expect(unit).toMatch(/^ExecStart=.* \/opt\/broker\/libexec\/realtime-broker\/realtime-brokerd$/m);
    const folder = join(destdir, 'usr/local/share/dbus-1/system-services');
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name), 'utf8')).toContain('\nExec=/opt/broker/libexec/');
  });

  test('takes away all that it brought', () => {
    install('uninstall', '--prefix', '/opt/broker');
    expect(files()).toBe('');
  });

  test('says how it is meant when it is called otherwise', () => {
    for (const args of [[], ['remove'], ['install', '--prefix'], ['install', '--prefix', 'usr'], ['install', '--fast']])
      expect(() => execFileSync('sh', [fromRoot('packaging/install.sh'), ...args], { stdio: 'pipe' })).toThrow(
        expect.objectContaining({ status: 2 }),
      );
  });
});
