import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupFile, passwdFile, type User } from './users.ts';

/** A file or directory of ours, and what of the machine's it covers. */
export type Bind = readonly [ours: string, covers: string];

/**
 * Covers what polkitd and the bus read: users, groups, polkit's actions and rules, in every directory where any version
 * looks for them. What a machine does not have needs no cover.
 */
export function binds(dir: string): Bind[] {
  const actions = join(dir, 'actions');
  const rules = join(dir, 'rules');
  const nothing = join(dir, 'nothing');
  for (const folder of [actions, rules, nothing]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(dir, 'passwd'), passwdFile());
  writeFileSync(join(dir, 'group'), groupFile());
  writeFileSync(join(dir, 'nsswitch.conf'), 'passwd: files\ngroup: files\n');

  const wanted: Bind[] = [
    [join(dir, 'passwd'), '/etc/passwd'],
    [join(dir, 'group'), '/etc/group'],
    [join(dir, 'nsswitch.conf'), '/etc/nsswitch.conf'],
    [actions, '/usr/share/polkit-1/actions'],
    [rules, '/etc/polkit-1/rules.d'],
    [nothing, '/usr/share/polkit-1/rules.d'],
    ...['/etc/polkit-1/actions', '/run/polkit-1', '/usr/local/share/polkit-1'].map((path): Bind => [nothing, path]),
  ];
  return wanted.filter(([, covers]) => existsSync(covers));
}

const bindAll = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"';

/** Runs in a mount namespace where these binds hold, and nobody outside sees them; dies with whoever started it. */
export const inOwnNamespace = (covers: readonly Bind[], command: readonly string[]): string[] => [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bindAll, 'sh', ...covers.flat(), '--'],
  ...['setpriv', '--pdeathsig', 'KILL', ...command],
];

/** Runs in the mount namespace of that process; dies with whoever started it, unless it changes its uid itself. */
export const inNamespaceOf = (pid: number, command: readonly string[], user?: User): string[] => [
  ...['nsenter', `--mount=/proc/${pid}/ns/mnt`, '--', 'setpriv', '--pdeathsig', 'KILL'],
  ...(user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']),
  ...command,
];
