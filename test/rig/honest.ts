import type { Reporter, TestModule } from 'vitest/node';
import { needs } from './needs.ts';

/** A vitest reporter: a run on another Node than was meant, or with a test skipped for no good reason, is no success; what was tried again is told. */
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
        const excused = needs.some(({ name, lacking }) => name === note && lacking());
        console.log(`skipped: ${test.fullName}: ${note}${excused ? '' : ' (this fails the run)'}`);
        if (!excused) process.exitCode = 1;
      }
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const tries = 1 + (test.diagnostic()?.retryCount ?? 0);
        if (tries > 1) console.log(`tried ${tries} times: ${test.fullName}`);
      }
  }
}
