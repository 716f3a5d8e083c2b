/** The reducer with listeners, and the one effect that the screen needs. */
import type { BeaconClient } from '../api/client';
import { empty, reduce, type Action, type State } from './reducer';

export class Store {
  #state: State = empty;
  readonly #listeners = new Set<(state: State) => void>();

  get state(): State {
    return this.#state;
  }

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener(next);
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/**
 * Loads the current organisation's alerts. The organisation is remembered from
 * before the request: the user may have switched when the answer comes.
 */
export async function refresh(store: Store, client: Pick<BeaconClient, 'alerts'>): Promise<void> {
  const { session } = store.state;
  if (!session) return;
  const { org } = session;
  store.dispatch({ type: 'loading', org });
  try {
    store.dispatch({ type: 'loaded', org, alerts: await client.alerts(session) });
  } catch (cause) {
    store.dispatch({ type: 'failed', org, message: cause instanceof Error ? cause.message : String(cause) });
  }
}
