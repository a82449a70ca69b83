import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (lib: string) => fileURLToPath(new URL(`./libs/${lib}/src/index.ts`, import.meta.url));

const shared = {
  resolve: {
    alias: {
      '@molo/contracts': source('contracts'),
      '@molo/queue': source('queue'),
      '@molo/client': source('client'),
      '@molo/testkit': source('testkit'),
    },
  },
};

/**
 * Three layers: `feature` needs PostgreSQL and Redis (started privately by the global set-up),
 * `engine` a Docker Engine as well, `e2e` the whole platform.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'feature',
          include: ['{apps,libs}/*/src/**/*.spec.ts', '{apps,libs}/*/src/**/*.spec.tsx', 'test/architecture/**/*.spec.ts', 'infra/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.engine.spec.ts'],
          globalSetup: ['./libs/testkit/src/global-setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'engine',
          include: ['{apps,libs}/*/src/**/*.engine.spec.ts', 'infra/**/*.engine.spec.ts'],
          globalSetup: ['./libs/testkit/src/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.spec.ts'],
          globalSetup: ['./test/e2e/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.spec.ts'],
          globalSetup: ['./test/faults/global-setup.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
