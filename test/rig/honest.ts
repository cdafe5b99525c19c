import { readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Whether this machine has a capability(7), by its number. */
const lacks = (capability: number): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << BigInt(capability))) === 0n;
};

/** What a test may lack, word for word as it says to `context.skip`; and whether that is so. */
const excuses: Readonly<Record<string, () => boolean>> = {
  'needs CAP_SYS_RESOURCE': () => lacks(24),
};

/** A vitest reporter: a run on another Node than was meant, or with a test skipped for no good reason, is no success. */
export default class Honest implements Reporter {
  onInit(): void {
    const expected = process.env.EXPECTED_NODE_MAJOR;
    console.log(`Node ${process.version}`);
    if (expected !== undefined && process.versions.node.split('.')[0] !== expected)
      throw new Error(`these tests were meant for Node ${expected}, and run on ${process.version}`);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = (result.state === 'skipped' && result.note) || 'for no reason given';
        const excused = excuses[note]?.() ?? false;
        console.log(`skipped: ${test.fullName}: ${note}${excused ? '' : ' (this fails the run)'}`);
        if (!excused) process.exitCode = 1;
      }
  }
}
