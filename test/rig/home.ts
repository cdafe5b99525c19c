import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import { inNamespaceOf } from './namespace.ts';
import type { Rig } from './rig.ts';
import type { User } from './users.ts';

/** Where a user's programs find what they look for: directories, the rig's bus, and no session bus unless there is one. */
export interface Home {
  readonly user: User;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export function makeHome(rig: Rig, user: User): Home {
  const dir = mkdtempSync(join(rig.dir, `home-of-${user.name}-`));
  const runtime = join(dir, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  for (const path of [dir, runtime]) chownSync(path, user.uid, user.gid);

  const env = {
    HOME: dir,
    XDG_RUNTIME_DIR: runtime,
    DBUS_SYSTEM_BUS_ADDRESS: rig.address,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/none`, // unset, libdbus would launch one
  };
  return { user, dir, env };
}

export const startProgram = (rig: Rig, { user, env }: Home, command: readonly string[]): Promise<Child> =>
  Child.start(command[0] ?? '', inNamespaceOf(rig.busPid, command, user), { env });
