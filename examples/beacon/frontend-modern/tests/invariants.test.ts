/**
 * The reducer's invariants, held over long random histories. The randomness is
 * seeded: a failure names its seed and comes back whenever it is asked to.
 */
import { describe, expect, it } from 'vitest';
import { empty, reduce, type Action, type State } from '../src/tenants/reducer';
import { makeAlert, makeSession } from './factory';

const orgs = ['acme', 'globex', 'initech'] as const;

/** mulberry32: small, good enough, and the same on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function randomAction(random: (below: number) => number): Action {
  const org = orgs[random(orgs.length)] ?? 'acme';
  const id = `${org}-${random(4)}`;
  switch (random(12)) {
    case 0:
      return { type: 'signed-in', session: makeSession(org) };
    case 1:
      return { type: 'signed-out' };
    case 2:
      return { type: 'loading', org };
    case 3:
      return { type: 'failed', org, message: `${org} failed` };
    case 4:
      return { type: 'dismissed', org, alertId: id };
    default:
      return { type: 'loaded', org, alerts: [makeAlert({ id, subject: org })] };
  }
}

function check(before: State, action: Action, after: State): void {
  const org = after.session?.org;
  expect(after.alerts.every((alert) => alert.subject === org)).toBe(true);
  expect(after.error === null || after.error === `${org} failed`).toBe(true);
  expect(after.loading && after.error !== null).toBe(false);
  if ('org' in action && action.org !== before.session?.org) expect(after).toBe(before);
  if (action.type === 'signed-out') expect(after).toBe(empty);
  if (action.type === 'signed-in') expect(after).toEqual({ ...empty, session: action.session });
}

describe('invariants of the reducer', () => {
  it.each([1, 2, 3, 4, 5])('hold over 500 actions from seed %i', (seed) => {
    const random = randomFrom(seed);
    let state: State = empty;
    let withAlerts = 0;
    for (let step = 0; step < 500; step++) {
      const action = randomAction(random);
      const next = reduce(Object.freeze(state), action);
      check(state, action, next);
      state = next;
      if (state.alerts.length > 0) withAlerts++;
    }
    // A history in which nothing ever happens would prove nothing.
    expect(withAlerts).toBeGreaterThan(50);
  });
});

describe('the test bench itself', () => {
  it('refuses the network', () => {
    expect(() => fetch('http://127.0.0.1/')).toThrow('reached for the network');
  });
});
