import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verbs } from '../src/cli/verbs.ts';
import { allKeys, ruleKeys } from '../src/config/keys.ts';
import { help } from '../src/flags.ts';
import { built } from './rig/paths.ts';

const folder = built('dist/man');
const pages = readdirSync(folder);
const read = (page: string): string => readFileSync(join(folder, page), 'utf8');
/** Bold is a letter, a step back, and the letter again. */
const overstruck = new RegExp(`.${'\b'}`, 'g');
const rendered = (page: string, columns = 80): string =>
  execFileSync('mandoc', ['-T', 'utf8', '-O', `width=${columns}`, join(folder, page)], { encoding: 'utf8' }).replaceAll(
    overstruck,
    '',
  );

test('there are four pages', () =>
  expect(pages.sort()).toEqual([
    'org.example.RealtimeBroker.5',
    'realtime-broker.toml.5',
    'realtime-brokerd.8',
    'rtbroker.1',
  ]));

describe.each(pages)('%s', (page) => {
  test('is flawless', () => {
    const { status, stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', join(folder, page)], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('names other pages that there are', () => {
    for (const [, name, section] of read(page).matchAll(/^\.Xr (\S+) (\d)/gm))
      if (/broker/i.test(name ?? '')) expect(pages).toContain(`${name}.${section}`);
  });

  test('can be read in a narrow window', () => {
    for (const line of rendered(page).split('\n')) expect(line.length, line).toBeLessThanOrEqual(110);
  });
});

test("the daemon's page has all its flags", () => {
  const shown = rendered('realtime-brokerd.8');
  for (const [flag] of help.matchAll(/--[a-z-]+/g)) expect(shown).toContain(flag);
});

test("the tool's page has all its verbs and flags", () => {
  const shown = rendered('rtbroker.1', 200);
  for (const { name, flags } of verbs) {
    expect(shown).toMatch(new RegExp(`^ {5}${name}\\b`, 'm'));
    for (const flag of flags) expect(shown).toContain(`--${flag.name}`);
  }
});

test("the settings' page has all keys", () => {
  for (const name of ruleKeys) expect(rendered('realtime-broker.toml.5', 200)).toContain(name);
  for (const key of allKeys) expect(rendered('realtime-broker.toml.5', 200)).toContain(key.split('.')[1]);
});

test("the interface's page has all members, arguments and errors", () => {
  const shown = rendered('org.example.RealtimeBroker.5', 200);
  const xml = readFileSync(join(folder, '../../dbus/org.example.RealtimeBroker.xml'), 'utf8');
  for (const [, name] of xml.matchAll(/<(?:method|signal|property|arg) name="(\w+)"/g)) expect(shown).toContain(name);
  for (const [, name] of xml.matchAll(/^ {4}([A-Z]\w+) {2,}/gm)) expect(shown).toMatch(new RegExp(`^ {5}${name}`, 'm'));
});

describe('completion in bash', () => {
  const completed = (...words: string[]): readonly string[] => {
    const script = `. ${join(folder, '../completion/rtbroker')}; COMP_WORDS=(rtbroker "$@") COMP_CWORD=$#; _rtbroker; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  };

  test.each([
    [['st'], ['status']],
    [['re'], ['release', 'reload'].filter((name) => verbs.some((verb) => verb.name === name))],
    [['--v'], ['--version']],
    [['list', '--a'], ['--all']],
    [['list', '--user', 'roo'], ['root']],
    [['--bus', 'status', 'lis'], ['list']],
    [['--bus', 'unix:path=/x', 'status', '--js'], ['--json']],
    [['explain', `${process.pid}`], [`${process.pid}`]],
    [['run', 'nsente'], ['nsenter']],
    [['list', '--bus', ''], []],
    [['nonsense', ''], []],
  ])('%j', (words, found) => expect([...new Set(completed(...words))]).toEqual(found));

  test('leaves files to bash', () => {
    const script = `. ${join(folder, '../completion/rtbroker')}; complete -p rtbroker`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toMatch(/ -o default /);
  });

  test('offers every verb', () => expect(completed('')).toEqual(expect.arrayContaining(verbs.map(({ name }) => name))));
});
