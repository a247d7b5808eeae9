import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['test/support/private-temporary-folder.ts'],
    // Each file in a process of its own spends a third of the run on imports. So no test may leave anything behind.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    // vitest leaves one of two cores idle; and while one file waits for queues, another can work.
    maxWorkers: 3,
    testTimeout: 20_000,
    // Concurrent tests are those that wait for queues, not for the processor.
    maxConcurrency: 12,
  },
});
