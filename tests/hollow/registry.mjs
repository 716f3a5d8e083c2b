// A registry for the cases that ask for advisories: it knows one, made up, about `leftover` below 2.0.0. Below `/broken` it
// answers with an error, as a registry without an advisory endpoint does.
import http from 'node:http';
import zlib from 'node:zlib';

const advisory = {
  id: 1, url: 'https://example.org/GHSA-0000-0000-0001', title: 'Made up', severity: 'high',
  vulnerable_versions: '<2.0.0', cwe: [], cvss: { score: 0, vectorString: null },
};
const old = (version) => Number(version.split('.')[0]) < 2;

// What npm asks today: a list of versions by name.
const bulk = (asked) =>
  Object.fromEntries(Object.entries(asked).filter(([name, versions]) => name === 'leftover' && versions.some(old)).map(([name]) => [name, [advisory]]));

// What pnpm 10 and yarn 1 ask: a tree of dependencies.
function classic(asked) {
  const found = [];
  let total = 0;
  const walk = (dependencies, path) => {
    for (const [name, entry] of Object.entries(dependencies ?? {})) {
      const own = [...path, name];
      if (name !== '.') total += 1;
      if (name === 'leftover' && old(entry.version)) found.push({ version: entry.version, paths: [own.join('>')], dev: false, optional: false, bundled: false });
      walk(entry.dependencies, own);
    }
  };
  walk(asked.dependencies, []);
  const advisories = found.length === 0 ? {} : {
    1: { ...advisory, findings: found, module_name: 'leftover', github_advisory_id: 'GHSA-0000-0000-0001', cves: ['CVE-2026-0001'], patched_versions: '>=2.0.0', access: 'public', overview: 'Made up.', recommendation: 'Upgrade', references: '', created: '2026-01-01T00:00:00.000Z', updated: '2026-01-01T00:00:00.000Z' },
  };
  const vulnerabilities = { info: 0, low: 0, moderate: 0, high: found.length, critical: 0 };
  const actions = found.length === 0 ? [] : [{ action: 'review', module: 'leftover', resolves: found.map((each) => ({ id: 1, path: each.paths[0], dev: false, optional: false, bundled: false })) }];
  return { actions, advisories, muted: [], metadata: { vulnerabilities, dependencies: total, devDependencies: 0, optionalDependencies: 0, totalDependencies: total } };
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    let body = Buffer.concat(chunks);
    if (request.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
    const answer = (code, value) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url.startsWith('/broken')) return answer(500, { error: 'broken' });
    if (request.url.endsWith('/advisories/bulk')) return answer(200, bulk(JSON.parse(body)));
    if (request.url.includes('/security/audits')) return answer(200, classic(JSON.parse(body)));
    return answer(404, { error: 'not found' });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
