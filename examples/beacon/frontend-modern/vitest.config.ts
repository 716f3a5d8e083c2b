import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    // A run that found no test, or a test that was left on .only, is a pass
    // that has proved nothing.
    passWithNoTests: false,
    allowOnly: false,
    // A test that waits is a test that will be flaky on a slower machine.
    testTimeout: 2_000,
  },
});
