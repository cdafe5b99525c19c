import { existsSync } from 'node:fs';
import { rtkitFace } from './caller.ts';
import { Child } from './child.ts';
import { inNamespaceOf } from './namespace.ts';
import type { Rig } from './rig.ts';

const program = '/usr/libexec/rtkit-daemon';

/** Debian's rtkit on the rig's bus, to compare with. Its bus needs `rtkitPolicy`. */
export async function startRtkit(rig: Rig, args: readonly string[]): Promise<Child> {
  if (!existsSync(program)) throw new Error(`there is no ${program}: run sh test/setup.sh rtkit`);
  const env = { DBUS_SYSTEM_BUS_ADDRESS: rig.address };
  const rtkit = await Child.start('rtkit', inNamespaceOf(rig.busPid, [program, '--stderr', ...args]), { env });
  await rig.untilOwned(rtkit, [rtkitFace.name]);
  return rtkit;
}
