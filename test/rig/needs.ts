import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';

/** What a test needs and a machine may lack: then it says so to `context.skip`, by this name. */
export interface Need {
  readonly name: string;
  readonly lacking: () => boolean;
}

export const sysResource: Need = { name: 'needs CAP_SYS_RESOURCE', lacking: () => lacks(24) };
export const rtGroupSched: Need = { name: 'needs RT_GROUP_SCHED', lacking: () => !existsSync(realtimeBudget) };
export const cpuset: Need = { name: 'needs a cpuset hierarchy of version 1', lacking: () => !existsSync(cpusets) };
/** In any other the whole machine's would be set. */
export const smallPidNamespace: Need = {
  name: 'needs a pid_max of each PID namespace, as Linux 6.14 has it',
  lacking: () => isOlderThan(6, 14),
};
export const twoCpus: Need = { name: 'needs two CPUs', lacking: () => availableParallelism() < 2 };

/** No other skips a test. */
export const needs: readonly Need[] = [sysResource, rtGroupSched, cpuset, smallPidNamespace, twoCpus];

/** Of the root of the version 1 hierarchy. */
const realtimeBudget = '/sys/fs/cgroup/cpu/cpu.rt_runtime_us';
const cpusets = '/sys/fs/cgroup/cpuset/cpuset.cpus';

function isOlderThan(major: number, minor: number): boolean {
  const [ours = 0, then = 0] = release().split('.').map(Number);
  return ours < major || (ours === major && then < minor);
}

/** Whether this machine has a capability(7), by its number. */
function lacks(capability: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << BigInt(capability))) === 0n;
}
