import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    root: new URL('../..', import.meta.url).pathname,
    testTimeout: 900_000,
    hookTimeout: 1_800_000,
    // Two cores: kernels and boards share them.
    maxWorkers: 2,
  },
});
