import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** The interface descriptions in dbus/ are imported as text, here as in build.mjs. */
const xmlAsText = {
  name: 'xml-as-text',
  load: (id) => (id.endsWith('.xml') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : undefined),
};

// Node 20 has no `using`: it is lowered.
const shared = { oxc: { target: 'node20' }, plugins: [xmlAsText] };

// A process and a load of every module for each file would take a third of the time. No file mocks a module or leaves
// anything behind in one.
const together = { isolate: false };

const inIntegration = (name) => `test/integration/${name}.test.ts`;

/** What burns a CPU, or tells how fast somebody is: one after the other, beside nothing else. */
const alone = ['canary*', 'bus-bigmessage', 'bus-signals-hog', 'flood', 'webkit'].map(inIntegration);

/** Against real daemons on a real bus. */
const onTheBus = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 5000, interval: 10 } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...together,
          name: 'unit',
          testTimeout: 20_000,
          include: ['test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/system/**', 'test/vm/guest/**'],
        },
      },
      {
        ...shared,
        test: {
          ...onTheBus,
          ...together,
          name: 'bus',
          include: ['test/integration/**/*.test.ts'],
          exclude: alone,
          // Three at a time on CPUs that others use as well: what came too late for a deadline is tried again, and told
          // of at the end (test/rig/honest.ts). What starves a CPU is not, below: who is demoted wrongly once is so too
          // often.
          retry: 2,
          // They wait far more than they work.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: { ...onTheBus, name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
      {
        ...shared,
        test: {
          name: 'system',
          retry: 1,
          include: ['test/system/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          // A guest's root file system may have to be made first.
          hookTimeout: 600_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'guest',
          include: ['test/system/guest/**/*.test.ts', 'test/vm/guest/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
