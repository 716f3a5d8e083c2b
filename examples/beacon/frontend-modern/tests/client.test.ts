import { describe, expect, it } from 'vitest';
import { ApiError, BeaconClient, type Fetch } from '../src/api/client';
import { makeSession } from './factory';

const session = makeSession('acme');

/** A server that answers once with what it is given and remembers the call. */
function answering(status: number, body: unknown) {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = async (url, init) => {
    calls.push({ url, init });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return new Response(status === 204 ? null : text, { status });
  };
  return { calls, client: new BeaconClient('http://beacon.test/', fetch) };
}

describe('BeaconClient', () => {
  it('sends the token to the organisation it belongs to', async () => {
    const { calls, client } = answering(200, { alerts: [] });
    expect(await client.alerts(session)).toEqual([]);
    expect(calls).toEqual([
      {
        url: 'http://beacon.test/api/orgs/acme/alerts',
        init: {
          method: 'GET',
          redirect: 'error',
          headers: { Accept: 'application/json', Authorization: `Bearer ${session.token}` },
        },
      },
    ]);
  });

  it('sends no token to sign up', async () => {
    const { calls, client } = answering(201, session);
    expect(await client.signUp('acme', 'ops@acme.test')).toEqual(session);
    expect(calls[0]?.init.headers).not.toHaveProperty('Authorization');
    expect(calls[0]?.init.body).toBe('{"org":"acme","contact":"ops@acme.test"}');
  });

  it('lets no ID climb out of its path', async () => {
    const { calls, client } = answering(204, '');
    await client.dismiss(session, '../../globex/alerts/x?y');
    expect(calls[0]?.url).toBe('http://beacon.test/api/orgs/acme/alerts/..%2F..%2Fglobex%2Falerts%2Fx%3Fy');
  });

  it('passes on what the server refuses, with its code', async () => {
    const { client } = answering(403, { error: { code: 'forbidden', message: 'your role lacks alerts:read' } });
    await expect(client.alerts(session)).rejects.toEqual(new ApiError(403, 'forbidden', 'your role lacks alerts:read'));
  });

  it.each([
    ['a page of a proxy', 502, '<html>Bad Gateway</html>'],
    ['a page where JSON should be', 200, '<html>Log in</html>'],
    ['an alert without a severity', 200, { alerts: [{ id: 'x' }] }],
    ['a list that is missing', 200, {}],
  ])('takes %s for an error', async (_, status, body) => {
    const { client } = answering(status, body);
    await expect(client.alerts(session)).rejects.toMatchObject({ name: 'ApiError', status, code: 'unexpected_answer' });
  });
});
