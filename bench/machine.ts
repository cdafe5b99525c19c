import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  readonly date: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly cpuModel: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    kernel: release(),
    cpus: availableParallelism(),
    cpuModel: cpus()[0]?.model ?? 'unknown',
    node: process.versions.node,
    packages: packageVersions(['rtkit', 'dbus-daemon', 'polkitd', 'libsystemd0']),
  };
}

function packageVersions(names: readonly string[]): Record<string, string> {
  const text = execFileSync('dpkg-query', ['--show', ...names], { encoding: 'utf8' });
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
}

/** What share of the CPUs somebody uses while we do nothing: 0 to 1, and 0 on a quiet machine. */
export async function noise(msec = 300): Promise<number> {
  const before = readCpu();
  await sleep(msec);
  const after = readCpu();
  return (after.busy - before.busy) / Math.max(1, after.all - before.all);
}

/** The first line of /proc/stat, proc(5), in clock ticks; waiting for disks is idleness. */
function readCpu(): { busy: number; all: number } {
  const [user, nice, system, idle, iowait, irq, softirq, steal] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/ +/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number, number];
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, all: busy + idle + iowait };
}
