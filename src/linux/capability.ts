import { readFileSync } from 'node:fs';

const sysResource = 24n;

/** Whether we have CAP_SYS_RESOURCE, without which prlimit(2) of another user's process is refused; capabilities(7). */
export function mayLimitOthers(status = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> sysResource) & 1n) === 1n;
}
