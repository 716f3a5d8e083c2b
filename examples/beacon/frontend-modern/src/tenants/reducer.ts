/**
 * What the browser knows, as a pure reducer.
 *
 * Invariants, which `tests/invariants.test.ts` holds it to:
 * 1. alerts are those of the current organisation or there are none;
 * 2. an answer that arrives for another organisation changes nothing;
 * 3. signing out forgets everything.
 */
import type { Session } from '../api/client';
import type { Alert } from '../api/schema';

export interface State {
  readonly session: Session | null;
  readonly alerts: readonly Alert[];
  readonly loading: boolean;
  readonly error: string | null;
}

export type Action =
  | { type: 'signed-in'; session: Session }
  | { type: 'signed-out' }
  | { type: 'loading'; org: string }
  | { type: 'loaded'; org: string; alerts: readonly Alert[] }
  | { type: 'failed'; org: string; message: string }
  | { type: 'dismissed'; org: string; alertId: string };

export const empty: State = { session: null, alerts: [], loading: false, error: null };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'signed-in':
      // From scratch, and not "…state": nothing of the organisation that was
      // there before may be seen by the next.
      return { ...empty, session: action.session };
    case 'signed-out':
      return empty;
    case 'loading':
    case 'loaded':
    case 'failed':
    case 'dismissed':
      return state.session?.org === action.org ? reduceCurrent(state, action) : state;
  }
}

function reduceCurrent(state: State, action: Extract<Action, { org: string }>): State {
  switch (action.type) {
    case 'loading':
      return { ...state, loading: true, error: null };
    case 'loaded':
      return { ...state, loading: false, error: null, alerts: action.alerts };
    case 'failed':
      // The last known alerts stay: an outage is no reason to show "all quiet".
      return { ...state, loading: false, error: action.message };
    case 'dismissed':
      return { ...state, alerts: state.alerts.filter((alert) => alert.id !== action.alertId) };
  }
}
