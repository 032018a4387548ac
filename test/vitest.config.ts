import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests that mostly wait for other programs: readers of every language, npm, processes that are killed. */
export const WITH_PROGRAMS = [
  'test/build/package.test.ts',
  'test/cli/output-lock.test.ts',
  'test/hostile/profile.test.ts',
  'test/hostile/render.test.ts',
];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real kernels and boards have a command of their own: npm run test:real.
    exclude: ['test/real/**', ...WITH_PROGRAMS],
    globalSetup: 'test/templates.setup.ts',
    root: new URL('..', import.meta.url).pathname,
    // A guard against hanging, not a measure: a busy machine is ten times slower.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Processes, because tests change their working directory.
    pool: 'forks',
    // The sources are imported once for each worker; once for each file took half of the time.
    isolate: false,
    // vitest leaves one core alone, which on two cores is half of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', new URL('slowest.ts', import.meta.url).pathname],
  },
});
