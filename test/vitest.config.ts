import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/templates.setup.ts',
    root: new URL('..', import.meta.url).pathname,
    testTimeout: 30_000,
  },
});
