// Holds a running beacon to its contract. Prints one line a check, "ok - …" or
// "not ok - …", with nothing in it that changes from run to run.
//
//   node checks.mjs BASE_URL WORK_DIR VERSION
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const [base, work, version] = process.argv.slice(2);
const run = promisify(execFile);

/** Sends one request and reads all of the answer. */
async function call(method, path, { token, body } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(base + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: type === 'application/json' ? JSON.parse(bytes.toString()) : undefined,
  };
}

let failed = 0;

/** A failed check does not end the run: one mistake may explain another. */
async function check(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (cause) {
    failed++;
    console.log(`not ok - ${name}`);
    console.error(`${name}: ${cause.message}`);
  }
}

const denied = (answer, status, code) => {
  assert.equal(answer.status, status);
  assert.equal(answer.json?.error?.code, code);
};

const tokens = {};

await check('healthz answers', async () => {
  const answer = await call('GET', '/healthz');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { status: 'ok' });
});

await check('the version is the one that was linked in', async () => {
  assert.deepEqual((await call('GET', '/api/version')).json, { version });
  const { stdout } = await run(`${work}/beacon`, ['--version']);
  assert.equal(stdout, `beacon ${version}\n`);
});

await check('security headers are set', async () => {
  const { headers } = await call('GET', '/healthz');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cache-control'), 'no-store');
});

await check('an unknown path is a JSON 404', async () => {
  denied(await call('GET', '/api/nowhere'), 404, 'not_found');
});

for (const org of ['acme', 'globex']) {
  await check(`${org} signs up`, async () => {
    const answer = await call('POST', '/api/public/signup', { body: { org, contact: `ops@${org}.test` } });
    assert.equal(answer.status, 201);
    assert.deepEqual(Object.keys(answer.json).sort(), ['org', 'token']);
    assert.match(answer.json.token, new RegExp(`^${org}\\.[A-Z2-7]{26,}$`));
    tokens[org] = { admin: answer.json.token };
  });
}

await check('a name that is taken is refused, and its owner keeps it', async () => {
  denied(await call('POST', '/api/public/signup', { body: { org: 'acme', contact: 'eve@acme.test' } }), 409, 'exists');
  assert.equal((await call('GET', '/api/orgs/acme/alerts', { token: tokens.acme?.admin })).status, 200);
});

await check('a name that is a path is refused', async () => {
  denied(await call('POST', '/api/public/signup', { body: { org: '../up', contact: 'eve@acme.test' } }), 400, 'invalid');
});

await check('a body that is too long is refused', async () => {
  const body = { org: 'acme', contact: 'x'.repeat(70_000) };
  denied(await call('POST', '/api/public/signup', { body }), 413, 'too_large');
});

await check('refused signups leave no directory', async () => {
  assert.deepEqual((await readdir(`${work}/data`)).sort(), ['acme', 'globex']);
});

await check('no token, no entry', async () => {
  const answer = await call('GET', '/api/orgs/acme/alerts');
  denied(answer, 401, 'unauthenticated');
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
});

await check('a wrong secret gets the same answer as an unknown organisation', async () => {
  const wrong = await call('GET', '/api/orgs/acme/alerts', { token: 'acme.wrong' });
  const unknown = await call('GET', '/api/orgs/acme/alerts', { token: 'nobody.wrong' });
  denied(wrong, 401, 'unauthenticated');
  assert.deepEqual(wrong.bytes, unknown.bytes);
});

for (const role of ['viewer', 'agent']) {
  await check(`acme's admin adds a member as ${role}`, async () => {
    const answer = await call('POST', '/api/orgs/acme/members', { token: tokens.acme?.admin, body: { name: role, role } });
    assert.equal(answer.status, 201);
    assert.equal(answer.json.member.role, role);
    tokens.acme[role] = answer.json.token;
  });
}

await check('RBAC: a viewer cannot add members', async () => {
  const body = { name: 'eve', role: 'admin' };
  denied(await call('POST', '/api/orgs/acme/members', { token: tokens.acme?.viewer, body }), 403, 'forbidden');
});

await check('RBAC: a viewer cannot send heartbeats', async () => {
  const body = { agent: 'web-1', version: '1.0.0', metrics: {} };
  denied(await call('POST', '/api/orgs/acme/heartbeats', { token: tokens.acme?.viewer, body }), 403, 'forbidden');
});

await check('RBAC: an agent cannot read alerts', async () => {
  denied(await call('GET', '/api/orgs/acme/alerts', { token: tokens.acme?.agent }), 403, 'forbidden');
});

await check('RBAC: an unknown role cannot be granted', async () => {
  const body = { name: 'eve', role: 'root' };
  denied(await call('POST', '/api/orgs/acme/members', { token: tokens.acme?.admin, body }), 400, 'invalid');
});

await check('a hot machine raises an alert', async () => {
  const body = { agent: 'web-1', version: '1.0.0', metrics: { cpu_percent: 97 } };
  assert.equal((await call('POST', '/api/orgs/acme/heartbeats', { token: tokens.acme?.agent, body })).status, 204);
  const { alerts } = (await call('GET', '/api/orgs/acme/alerts', { token: tokens.acme.viewer })).json;
  assert.equal(alerts.length, 1);
  const { id, since, ...rest } = alerts[0];
  assert.ok(id && since);
  assert.deepEqual(rest, { rule: 'cpu-high', subject: 'agent/web-1', severity: 'critical', value: 97 });
});

await check('tenant isolation: globex does not see it', async () => {
  assert.deepEqual((await call('GET', '/api/orgs/globex/alerts', { token: tokens.globex?.admin })).json, { alerts: [] });
});

await check('tenant isolation: to globex, acme does not exist', async () => {
  const foreign = await call('GET', '/api/orgs/acme/alerts', { token: tokens.globex?.admin });
  const missing = await call('GET', '/api/orgs/nobody/alerts', { token: tokens.globex?.admin });
  denied(foreign, 404, 'not_found');
  assert.deepEqual(foreign.bytes, missing.bytes);
});

await check('metrics count everything and name nobody', async () => {
  const text = (await call('GET', '/metrics')).bytes.toString();
  assert.equal(
    text,
    `beacon_build_info{version="${version}"} 1\nbeacon_tenants 2\nbeacon_access_lists_open 2\nbeacon_alerts_firing 1\n`,
  );
});

await check('the agent that is downloaded is the one that was built', async () => {
  const answer = await call('GET', '/download/agent?arch=amd64');
  assert.equal(answer.status, 200);
  const built = await readFile(`${work}/beacon-agent`);
  assert.ok(built.equals(answer.bytes), 'the bytes differ');
  assert.equal(answer.headers.get('x-checksum-sha256'), createHash('sha256').update(built).digest('hex'));
});

await check('the real agent reports once', async () => {
  await writeFile(`${work}/token`, tokens.acme?.agent ?? '');
  await run(`${work}/beacon-agent`, ['--server', base, '--token-file', `${work}/token`, '--name', 'real', '--once']);
  const { agents } = (await call('GET', '/api/orgs/acme/agents', { token: tokens.acme.viewer })).json;
  assert.deepEqual(agents.map(({ name, version: v }) => [name, v]), [['real', version], ['web-1', '1.0.0']]);
});

await check('the agent fails loudly with a token of no worth', async () => {
  await writeFile(`${work}/token`, 'acme.worthless');
  await assert.rejects(
    run(`${work}/beacon-agent`, ['--server', base, '--token-file', `${work}/token`, '--name', 'fake', '--once']),
    ({ code, stderr }) => code === 1 && stderr.includes('status 401'),
  );
});

process.exitCode = failed === 0 ? 0 : 1;
