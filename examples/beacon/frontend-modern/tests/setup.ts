/**
 * Runs before every test file. Two promises of RC-04 are kept here rather than
 * in each test: nothing reaches the network, and nothing is noisy.
 */
import { afterEach, beforeEach, expect, vi } from 'vitest';

function refuse(): never {
  throw new Error('a test reached for the network: hand a fetch to the code instead');
}

globalThis.fetch = refuse;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  const noise = [...vi.mocked(console.warn).mock.calls, ...vi.mocked(console.error).mock.calls];
  vi.restoreAllMocks();
  expect(noise, 'warnings and errors on the console').toEqual([]);
});
