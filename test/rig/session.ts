import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Ending } from './child.ts';
import { type Home, makeHome, startProgram } from './home.ts';
import type { Rig } from './rig.ts';
import type { User } from './users.ts';

const config = (address: string, services: string): string => `<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <servicedir>${services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

const program = '/usr/libexec/xdg-desktop-portal';
const permissionStore = 'org.freedesktop.impl.portal.PermissionStore';

/** A user's session bus: his home, with the way there in its environment. */
export class Session {
  readonly home: Home;
  portal: Child | undefined;
  readonly #rig: Rig;
  readonly #bus: Child;

  constructor(rig: Rig, home: Home, bus: Child) {
    this.#rig = rig;
    this.home = home;
    this.#bus = bus;
  }

  /** Debian's xdg-desktop-portal, with no backend but its permission store: the Realtime portal wants no more. */
  async startPortal(): Promise<void> {
    this.portal = await startProgram(this.#rig, this.home, [program, '--verbose']);
    await this.portal.line(/org\.freedesktop\.portal\.Desktop acquired/);
  }

  async stop(): Promise<Ending> {
    await this.portal?.stop();
    return await this.#bus.stop();
  }
}

export async function startSession(rig: Rig, user: User): Promise<Session> {
  const bare = makeHome(rig, user);
  const address = `unix:path=${bare.env.XDG_RUNTIME_DIR}/bus`;
  const home: Home = { ...bare, env: { ...bare.env, DBUS_SESSION_BUS_ADDRESS: address } };

  const services = join(home.dir, 'services');
  mkdirSync(services);
  writeFileSync(
    join(services, `${permissionStore}.service`),
    `[D-BUS Service]\nName=${permissionStore}\nExec=/usr/libexec/xdg-permission-store\n`,
  );
  writeFileSync(join(home.dir, 'bus.conf'), config(address, services));
  const daemon = ['dbus-daemon', `--config-file=${home.dir}/bus.conf`, '--nofork', '--nopidfile', '--print-address=1'];
  const bus = await startProgram(rig, home, daemon);
  await bus.line(/^unix:path=/);
  return new Session(rig, home, bus);
}
