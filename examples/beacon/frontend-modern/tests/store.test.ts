import { describe, expect, it } from 'vitest';
import { ApiError, type Session } from '../src/api/client';
import type { Alert } from '../src/api/schema';
import { empty, type State } from '../src/tenants/reducer';
import { refresh, Store } from '../src/tenants/store';
import { makeAlert, makeSession } from './factory';

const acme = makeSession('acme');
const globex = makeSession('globex');

function signedIn(session: Session): Store {
  const store = new Store();
  store.dispatch({ type: 'signed-in', session });
  return store;
}

describe('Store', () => {
  it('tells its listeners of changes, and of nothing else', () => {
    const store = new Store();
    const seen: State[] = [];
    const end = store.subscribe((state) => seen.push(state));
    store.dispatch({ type: 'loading', org: 'acme' }); // nobody is signed in
    store.dispatch({ type: 'signed-in', session: acme });
    end();
    store.dispatch({ type: 'signed-out' });
    expect(seen).toEqual([{ ...empty, session: acme }]);
  });
});

describe('refresh', () => {
  it('loads the alerts of the current organisation', async () => {
    const store = signedIn(acme);
    await refresh(store, { alerts: async ({ org }) => [makeAlert({ subject: org })] });
    expect(store.state).toEqual({ session: acme, alerts: [makeAlert({ subject: 'acme' })], loading: false, error: null });
  });

  it('asks for nothing when nobody is signed in', async () => {
    const store = new Store();
    await refresh(store, { alerts: () => Promise.reject(new Error('asked')) });
    expect(store.state).toBe(empty);
  });

  it('keeps the last alerts when the server cannot be reached', async () => {
    const store = signedIn(acme);
    await refresh(store, { alerts: async () => [makeAlert()] });
    await refresh(store, { alerts: () => Promise.reject(new ApiError(502, 'unexpected_answer', 'gone')) });
    expect(store.state).toMatchObject({ alerts: [makeAlert()], loading: false, error: 'gone' });
  });

  it('drops an answer that comes after the user has switched', async () => {
    const store = signedIn(acme);
    let arrive: (alerts: Alert[]) => void = () => undefined;
    const answer = new Promise<Alert[]>((resolve) => (arrive = resolve));
    const running = refresh(store, { alerts: () => answer });
    store.dispatch({ type: 'signed-in', session: globex });
    arrive([makeAlert({ subject: 'acme' })]);
    await running;
    expect(store.state).toEqual({ ...empty, session: globex });
  });
});
