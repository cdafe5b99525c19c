import { describe } from 'vitest';
import { processTableContract } from '../contracts/process-table.ts';
import { schedulerContract } from '../contracts/scheduler.ts';
import { LinuxStage } from './stage.ts';

const kernels = [
  ['by pidfds that tell uids', { threadPidfds: true, pidfdsTellUids: true }],
  ['by pidfds, as before Linux 6.13', { threadPidfds: true, pidfdsTellUids: false }],
  ['by start times, as before Linux 6.9', { threadPidfds: false, pidfdsTellUids: false }],
] as const;

for (const [title, setting] of kernels)
  describe(`on the kernel, ${title}`, () => {
    describe('the process table', () => processTableContract(() => new LinuxStage(setting)));
    describe('the scheduler', () => schedulerContract(() => new LinuxStage(setting)));
  });
