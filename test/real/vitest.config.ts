import { defineConfig } from 'vitest/config';
import { WITH_PROGRAMS } from '../vitest.config.js';

export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts', ...WITH_PROGRAMS],
    globalSetup: 'test/templates.setup.ts',
    root: new URL('../..', import.meta.url).pathname,
    testTimeout: 900_000,
    hookTimeout: 1_800_000,
    // Two cores: kernels and boards share them.
    maxWorkers: 2,
  },
});
