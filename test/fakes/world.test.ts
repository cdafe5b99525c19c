import { describe } from 'vitest';
import { processTableContract } from '../contracts/process-table.ts';
import { schedulerContract } from '../contracts/scheduler.ts';
import { FakeWorld } from './world.ts';

describe('the fake process table', () => processTableContract(() => new FakeWorld()));
describe('the fake scheduler', () => schedulerContract(() => new FakeWorld()));
