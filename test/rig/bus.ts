import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Child } from './child.ts';
import { binds, inOwnNamespace } from './namespace.ts';
import { fromRoot } from './paths.ts';

export interface BusOptions {
  /** What the bus starts when a name is called for: bus name to command line. */
  readonly services?: Readonly<Record<string, string>>;
  /** The policy of Debian's rtkit instead of ours, so that its user may own the name. */
  readonly rtkitPolicy?: boolean;
  /** More of the bus's configuration: XML, as in dbus-daemon(1). */
  readonly busConfig?: string;
}

/** As strict as Debian's system.conf: without a policy file of its own nobody owns a name or is sent a call. */
const config = (
  dir: string,
  more: string,
): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=${dir}/bus</listen>
  <servicedir>${dir}/services</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"
          send_member="UpdateActivationEnvironment"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Debug.Stats"/>
  </policy>
  <includedir>${dir}/system.d</includedir>
  ${more}
</busconfig>
`;

const debian = '/usr/share/dbus-1/system.d';

/** A real dbus-daemon for everybody on the machine, in a mount namespace of its own that others can join. */
export async function startBus(dir: string, options: BusOptions): Promise<Child> {
  const { services = {}, rtkitPolicy = false, busConfig = '' } = options;
  writeFileSync(join(dir, 'bus.conf'), config(dir, busConfig));
  mkdirSync(join(dir, 'system.d'));
  for (const file of policyFiles(rtkitPolicy)) copyFileSync(file, join(dir, 'system.d', basename(file)));
  mkdirSync(join(dir, 'services'));
  for (const [name, command] of Object.entries(services))
    writeFileSync(
      join(dir, 'services', `${name}.service`),
      `[D-BUS Service]\nName=${name}\nExec=${command}\nUser=root\n`,
    );

  const daemon = ['dbus-daemon', `--config-file=${dir}/bus.conf`, '--nofork', '--nopidfile', '--print-address=1'];
  const bus = await Child.start('dbus-daemon', inOwnNamespace(binds(dir), daemon));
  await bus.line(/^unix:path=/);
  return bus;
}

function policyFiles(rtkitPolicy: boolean): string[] {
  const theirs = [join(debian, 'org.freedesktop.PolicyKit1.conf')];
  if (rtkitPolicy) theirs.push(join(debian, 'org.freedesktop.RealtimeKit1.conf'));
  const ours = existsSync(fromRoot('dbus')) ? readdirSync(fromRoot('dbus')) : [];
  return [
    ...theirs.filter((file) => existsSync(file)),
    ...ours
      .filter((name) => name.endsWith('.conf') && !(rtkitPolicy && name.includes('RealtimeKit1')))
      .map((name) => fromRoot('dbus', name)),
  ];
}
