import { readFileSync } from 'node:fs';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const user = (name: string, uid: number): User => ({ name, uid, gid: uid });

/** alice and carol are in the group the example rule speaks of, bob is not. None of them exists on the machine. */
export const users = {
  root: user('root', 0),
  alice: user('alice', 4201),
  bob: user('bob', 4202),
  carol: user('carol', 4203),
} as const;

export type UserName = keyof typeof users;

const newcomers = Object.values(users).filter(({ uid }) => uid !== 0);

/** The machine's own users, because services drop to them, and ours. @throws if the machine has one of our uids */
export function passwdFile(): string {
  const machine = readFileSync('/etc/passwd', 'utf8');
  const taken = machine.split('\n').map((line) => Number(line.split(':')[2] || Number.NaN));
  for (const { name, uid } of newcomers)
    if (taken.includes(uid)) throw new Error(`uid ${uid}, meant for the test user ${name}, belongs to somebody here`);
  return machine + newcomers.map(({ name, uid, gid }) => `${name}:x:${uid}:${gid}::/nonexistent:/bin/false\n`).join('');
}

export function groupFile(): string {
  const machine = readFileSync('/etc/group', 'utf8').replace(/^realtime:.*\n/gm, '');
  const own = newcomers.map(({ name, gid }) => `${name}:x:${gid}:\n`).join('');
  return `${machine}${own}realtime:x:4299:alice,carol\n`;
}
