/**
 * The API client. `fetch` is handed in and never taken from the global scope,
 * so no test can reach the network by accident.
 */
import * as v from 'valibot';
import {
  agentsAnswer,
  alertsAnswer,
  errorAnswer,
  memberAddedAnswer,
  membersAnswer,
  signupAnswer,
  type Agent,
  type Alert,
  type Member,
  type Role,
} from './schema';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Session {
  readonly org: string;
  readonly token: string;
}

/** What the server said no to, or what it said that we do not understand. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class BeaconClient {
  readonly #base: string;
  readonly #fetch: Fetch;

  constructor(base: string, fetch: Fetch) {
    this.#base = base.replace(/\/+$/, '');
    this.#fetch = fetch;
  }

  async signUp(org: string, contact: string): Promise<Session> {
    return this.#send(signupAnswer, 'POST', '/api/public/signup', undefined, { org, contact });
  }

  async alerts(session: Session): Promise<Alert[]> {
    return (await this.#send(alertsAnswer, 'GET', orgPath(session, 'alerts'), session)).alerts;
  }

  async agents(session: Session): Promise<Agent[]> {
    return (await this.#send(agentsAnswer, 'GET', orgPath(session, 'agents'), session)).agents;
  }

  async members(session: Session): Promise<Member[]> {
    return (await this.#send(membersAnswer, 'GET', orgPath(session, 'members'), session)).members;
  }

  async addMember(session: Session, name: string, role: Role): Promise<{ member: Member; token: string }> {
    return this.#send(memberAddedAnswer, 'POST', orgPath(session, 'members'), session, { name, role });
  }

  async dismiss(session: Session, alertId: string): Promise<void> {
    await this.#request('DELETE', orgPath(session, 'alerts', alertId), session);
  }

  async #send<S extends v.GenericSchema>(
    schema: S,
    method: string,
    path: string,
    session?: Session,
    body?: unknown,
  ): Promise<v.InferOutput<S>> {
    const response = await this.#request(method, path, session, body);
    const parsed = v.safeParse(schema, await json(response));
    if (!parsed.success) {
      throw new ApiError(response.status, 'unexpected_answer', `${method} ${path}: ${describe(parsed.issues[0])}`);
    }
    return parsed.output;
  }

  async #request(method: string, path: string, session?: Session, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (session) headers['Authorization'] = `Bearer ${session.token}`;
    const init: RequestInit = { method, headers, redirect: 'error' };
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    const response = await this.#fetch(this.#base + path, init);
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

/** Encodes each part, so that no name can climb into another path. */
function orgPath(session: Session, ...parts: string[]): string {
  return ['/api/orgs', session.org, ...parts]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');
}

async function refusal(response: Response): Promise<ApiError> {
  const parsed = v.safeParse(errorAnswer, await json(response));
  return parsed.success
    ? new ApiError(response.status, parsed.output.error.code, parsed.output.error.message)
    : new ApiError(response.status, 'unexpected_answer', `the server answered ${response.status}`);
}

/** A proxy's HTML page is data of an unknown shape, not an exception. */
async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function describe(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'answer'}: ${issue.message}`;
}
