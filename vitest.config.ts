import { defineConfig } from 'vitest/config';

/** How long a condition that is waited for may take on a slow machine: the default of a second is a guess at its speed. */
const PATIENT = { poll: { timeout: 15_000, interval: 20 } };

/**
 * One project a test level. Kernel tests share one kernel, and each cluster is a whole control plane: both run one file at a
 * time.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000, expect: PATIENT } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000, expect: PATIENT } },
      {
        test: {
          name: 'kernel',
          expect: PATIENT,
          include: ['test/kernel/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          expect: PATIENT,
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/support/cluster/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          expect: PATIENT,
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/cluster/nodes/global-setup.ts', 'test/support/image/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
