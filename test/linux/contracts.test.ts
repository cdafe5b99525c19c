import { describe } from 'vitest';
import { processTableContract } from '../contracts/process-table.ts';
import { schedulerContract } from '../contracts/scheduler.ts';
import { LinuxStage } from './stage.ts';

for (const threadPidfds of [true, false]) {
  describe(`on the kernel, ${threadPidfds ? 'by pidfds' : 'by start times'}`, () => {
    describe('the process table', () => processTableContract(() => new LinuxStage({ threadPidfds })));
    describe('the scheduler', () => schedulerContract(() => new LinuxStage({ threadPidfds })));
  });
}
