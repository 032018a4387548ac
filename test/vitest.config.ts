import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real kernels and boards have a command of their own: npm run test:real.
    exclude: ['test/real/**'],
    globalSetup: 'test/templates.setup.ts',
    root: new URL('..', import.meta.url).pathname,
    // A guard against hanging, not a measure: a busy machine is ten times slower.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
