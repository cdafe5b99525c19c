import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Load, type Part } from '../../rig/load.ts';
import { ownFace, said } from '../../system/guest/machine.ts';

const config = '/etc/realtime-broker';
const dropIns = '/etc/systemd/system/realtime-broker.service.d';

/** An emulated machine is slow, and not always given its time. */
export const patience = '[canary]\npatience_msec = 1000\nsluggish_window_msec = 5000\n';

/** The broker starts anew with this configuration, and with these files of the checkout as drop-ins of its unit. */
export async function configure(toml: string, ...files: readonly string[]): Promise<void> {
  for (const folder of [config, dropIns]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(`${config}/realtime-broker.toml`, toml);
  for (const file of files) await said(`cp ${file} ${dropIns}`);
  await said('systemctl daemon-reload && systemctl restart realtime-broker');
}

/** What the broker lacks, on its own word. */
export const degraded = async (): Promise<readonly string[]> =>
  JSON.parse(await said(`busctl --json=short get-property ${ownFace} Degraded`)).data;

/** Has polkit allow alice everything, session or not. */
export async function trustAlice(): Promise<void> {
  writeFileSync(
    '/etc/polkit-1/rules.d/50-test.rules',
    "polkit.addRule(function (action, subject) { if (subject.user === 'alice') return polkit.Result.YES; });",
  );
  await said('systemctl restart polkit');
}

/** A program of alice's with a thread on the last CPU, which does nothing yet, and then burns for ten seconds at most. */
export const playing = (part: Part): Promise<Load> =>
  Load.start('/run', 'unix:path=/run/dbus/system_bus_socket', { name: 'alice', uid: 4211, gid: 4211 }, 10_000, [part]);
