import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Ending } from './child.ts';
import { type Home, startProgram } from './home.ts';
import { commOf, tidsOf } from './kernel.ts';
import type { Rig } from './rig.ts';

/** A driver that ticks without hardware, a sink on it, and realtime wanted as Debian's own configuration wants it. */
const config = `
context.properties = { log.level = 3 core.daemon = true core.name = pipewire-0 }
context.spa-libs = {
  audio.convert.* = audioconvert/libspa-audioconvert
  support.* = support/libspa-support
}
context.modules = [
  { name = libpipewire-module-rt
    args = { nice.level = -11 rt.prio = 88 rt.time.soft = 200000 rt.time.hard = 200000 } }
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-metadata }
  { name = libpipewire-module-spa-node-factory }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-client-device }
  { name = libpipewire-module-access }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-link-factory }
  { name = libpipewire-module-session-manager }
]
context.objects = [
  { factory = spa-node-factory
    args = { factory.name = support.node.driver node.name = Dummy-Driver priority.driver = 8000 } }
  { factory = adapter
    args = { factory.name = support.null-audio-sink node.name = silence media.class = Audio/Sink
             audio.position = [ FL FR ] object.linger = true } }
]
`;

/** Debian's pipewire, run by hand as an ordinary user. */
export class PipeWire {
  readonly daemon: Child;
  readonly home: Home;

  constructor(daemon: Child, home: Home) {
    this.daemon = daemon;
    this.home = home;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  get dataThread(): number | undefined {
    return dataThreadOf(this.pid);
  }

  /** What it says of its wish to have that thread realtime, once it knows. */
  outcome(): Promise<string> {
    return this.daemon.line(/(acquired realtime priority|could not make thread|failed to make)/i);
  }

  stop(): Promise<Ending> {
    return this.daemon.stop();
  }
}

/** The thread that makes the sound: since 0.3.66 it has a name of its own, before it was the only other one. */
export function dataThreadOf(pid: number): number | undefined {
  const workers = tidsOf(pid).filter((tid) => tid !== pid);
  return workers.find((tid) => commOf(pid, tid).startsWith('data-loop')) ?? workers[0];
}

export async function startPipeWire(rig: Rig, home: Home): Promise<PipeWire> {
  writeFileSync(join(home.dir, 'pipewire.conf'), config);
  const command = ['env', `PIPEWIRE_CONFIG_DIR=${home.dir}`, 'pipewire', '-c', 'pipewire.conf'];
  return new PipeWire(await startProgram(rig, home, command), home);
}

/** A file of silence, 16 bits at 48 kHz in one channel, that a program can be told to play. @returns its path */
export function putSilence({ dir }: Home, seconds: number): string {
  const bytes = seconds * 48_000 * 2;
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16); // of the format, which is PCM, one channel:
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(96_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  const path = join(dir, 'silence.wav');
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(bytes)]));
  return path;
}
