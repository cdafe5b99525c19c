import { chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, type Ending } from './child.ts';
import { commOf, tidsOf } from './kernel.ts';
import { inNamespaceOf } from './namespace.ts';
import type { Rig } from './rig.ts';
import type { User } from './users.ts';

/** A driver that ticks without hardware, a sink on it, and realtime wanted as Debian's own configuration wants it. */
const config = `
context.properties = { log.level = 3 }
context.spa-libs = {
  audio.convert.* = audioconvert/libspa-audioconvert
  support.* = support/libspa-support
}
context.modules = [
  { name = libpipewire-module-rt
    args = { nice.level = -11 rt.prio = 88 rt.time.soft = 200000 rt.time.hard = 200000 } }
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-spa-node-factory }
  { name = libpipewire-module-adapter }
]
context.objects = [
  { factory = spa-node-factory
    args = { factory.name = support.node.driver node.name = Dummy-Driver priority.driver = 8000 } }
  { factory = adapter
    args = { factory.name = support.null-audio-sink node.name = null media.class = Audio/Sink
             audio.position = [ FL FR ] object.linger = true } }
]
`;

/** Debian's pipewire, run by hand as an ordinary user. */
export class PipeWire {
  readonly daemon: Child;

  constructor(daemon: Child) {
    this.daemon = daemon;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  /** The thread that makes the sound: since 0.3.66 it has a name of its own, before it was the only other one. */
  get dataThread(): number | undefined {
    const workers = tidsOf(this.pid).filter((tid) => tid !== this.pid);
    return workers.find((tid) => commOf(this.pid, tid).startsWith('data-loop')) ?? workers[0];
  }

  /** What it says of its wish to have that thread realtime, once it knows. */
  outcome(): Promise<string> {
    return this.daemon.line(/(acquired realtime priority|could not make thread|failed to make)/i);
  }

  stop(): Promise<Ending> {
    return this.daemon.stop();
  }
}

export async function startPipeWire(rig: Rig, user: User): Promise<PipeWire> {
  const home = mkdtempSync(join(rig.dir, 'pipewire-'));
  writeFileSync(join(home, 'pipewire.conf'), config);
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  for (const path of [home, runtime]) chownSync(path, user.uid, user.gid);

  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    PIPEWIRE_CONFIG_DIR: home,
    DBUS_SYSTEM_BUS_ADDRESS: rig.address,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/none`, // unset, libdbus would launch one
  };
  const command = inNamespaceOf(rig.busPid, ['pipewire', '-c', 'pipewire.conf'], user);
  return new PipeWire(await Child.start('pipewire', command, { env }));
}
