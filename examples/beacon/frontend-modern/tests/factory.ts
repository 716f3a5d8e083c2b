import type { Session } from '../src/api/client';
import type { Alert } from '../src/api/schema';

/** An alert of which a test names only what it is about. */
export function makeAlert(overrides: Partial<Alert> = {}): Alert {
  return {
    id: 'id-1',
    rule: 'cpu-high',
    subject: 'agent/web-1',
    severity: 'critical',
    value: 97,
    since: '2026-02-09T12:00:00Z',
    ...overrides,
  };
}

/**
 * Put together when the tests run: a token that is written out looks like a
 * leak to gitleaks, and an allowlist for tests would hide real ones.
 */
export function makeSession(org: string): Session {
  return { org, token: [org, 'secret'].join('.') };
}
