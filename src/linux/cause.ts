import { readFileSync } from 'node:fs';
import type { Scheduling } from '../core/scheduling.ts';
import type { Pid } from '../core/thread.ts';
import { hasRealtimeBudget } from './cgroup.ts';

/** CAP_SYS_NICE, capabilities(7). */
const capSysNice = 1n << 23n;

/** What most likely made the kernel refuse to schedule a thread of this process so, and what would help. */
export function causeOf(errno: string, pid: Pid, { kind }: Scheduling): string {
  if (errno !== 'EPERM')
    return errno === 'EINVAL' ? 'This kernel cannot schedule the thread so.' : 'See sched_setattr(2).';
  if (!hasSysNice(readFileSync('/proc/self/status', 'utf8')))
    return 'The broker lacks CAP_SYS_NICE: give it to its unit.';
  if (kind === 'realtime' && hasRealtimeBudget(pid) === false)
    return 'Its control group has no realtime budget (RT_GROUP_SCHED): write one to cpu.rt_runtime_us, or boot with rt_group_sched=0 (Linux 6.16).';
  return 'A security module, a system call filter, or RT_GROUP_SCHED may be in the way.';
}

/** @param status of /proc/PID/status */
export function hasSysNice(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & capSysNice) !== 0n;
}
