'use strict'
// Records what the registry that npm is configured for answers to `npm audit`: the advisory requests with and without
// development packages, and the packuments that npm asks for in their course. Runs in a folder with the client's lock and
// leaves `cassette/` there.
//
// Host names are not kept: a packument is cut down to the fields of the abbreviated form (application/vnd.npm.install-v1)
// less `dist`, which is all that an audit reads, and what still names the registry is made to name none.

const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { createRequire } = require('node:module')
const { execFileSync, spawn } = require('node:child_process')
const { BULK, PORT, environment, listener, next, text } = require('./cassette.cjs')

// The cases that differ in what they ask for.
const CASES = [['audit'], ['audit', '--omit=dev']]
const NOWHERE = 'http://registry.invalid/'
const VERSION_FIELDS = [
  'name', 'version', 'deprecated', 'dependencies', 'optionalDependencies', 'devDependencies', 'bundleDependencies',
  'peerDependencies', 'peerDependenciesMeta', 'bin', 'directories', 'engines', 'os', 'cpu', 'libc', 'hasInstallScript',
  '_hasShrinkwrap',
]

function fail (line) {
  fs.writeSync(2, `rcrepro: ${line}\n`)
  process.exit(1)
}

const npm = next('npm', __dirname)
if (npm === null) fail('there is no npm in the search path')
// npm's own client knows proxies, CA certificates and credentials as npm does.
const load = createRequire(fs.realpathSync(npm))
const fetch = load('make-fetch-happen')
const getAuth = load('npm-registry-fetch/lib/auth.js')
const client = new (load('../lib/npm.js'))({ argv: [] })
const upstream = execFileSync(npm, ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  .trim().replace(/\/*$/, '/')
const host = new URL(upstream).host
const exchanges = new Map()
const refused = new Set()

function pick (from, names) {
  return Object.fromEntries(names.filter(name => name in from).map(name => [name, from[name]]))
}

function packument (full) {
  const short = pick(full, ['name', 'dist-tags', 'modified'])
  const versions = Object.entries(full.versions || {}).map(([version, each]) => [version, pick(each, VERSION_FIELDS)])
  return { ...short, versions: Object.fromEntries(versions) }
}

const nameless = value => JSON.parse(JSON.stringify(value).replaceAll(upstream, NOWHERE).replaceAll(host, 'registry.invalid'))

// Gives what opens the registry, which npm does not send to the loopback.
function credentials () {
  const { token, auth } = getAuth(upstream, client.flatOptions)
  return token ? { authorization: `Bearer ${token}` } : auth ? { authorization: `Basic ${auth}` } : {}
}

async function forward (request, asked, key) {
  const headers = { ...pick(request.headers, ['accept', 'content-type', 'user-agent']), ...credentials() }
  const options = { method: request.method, headers, retry: { retries: 2 } }
  if (asked !== null) options.body = JSON.stringify(asked)
  let status, body
  try {
    const response = await fetch(upstream + request.url.slice(1), options)
    status = response.status
    body = await response.text()
  } catch (error) {
    refused.add(`the registry gives no answer to ${request.method} ${request.url}: ${error.code || error.name}`)
    return { status: 503, type: 'text/plain', text: 'no answer\n' }
  }
  // A package that the registry does not know is an answer; advisories that it does not give are none.
  let kept = null
  try {
    const value = JSON.parse(body)
    if (status === 200) kept = nameless(request.url === BULK ? value : packument(value))
    else if (status === 404 && request.url !== BULK) kept = { error: 'not found' }
  } catch {}
  if (kept === null) {
    const who = status === 401 || status === 403 ? ` at ${upstream}` : ''
    refused.add(`the registry${who} answers ${status} to ${request.method} ${request.url}`)
    return { status, type: 'text/plain', text: 'refused\n' }
  }
  const type = 'application/json'
  exchanges.set(key, { method: request.method, path: request.url, request: asked, status, type, body: kept })
  return { status, type, text: JSON.stringify(kept) }
}

const run = words => new Promise((resolve, reject) => {
  // A cache of its own: what is not asked for is not recorded.
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'npm-'))
  const env = { ...environment(), npm_config_cache: cache }
  const child = spawn(npm, words, { stdio: ['ignore', 'ignore', 'inherit'], env })
  child.on('error', reject)
  child.on('exit', code => resolve(code))
})

const server = http.createServer(listener(forward))
server.on('error', error => fail(error.message))
server.listen(PORT, '127.0.0.1', async () => {
  await client.load()
  const recorded = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  for (const words of CASES) {
    const code = await run(words)
    for (const line of [...refused].sort()) fail(line)
    if (code !== 0 && code !== 1) fail(`npm ${words.join(' ')} ended with ${code}`)
  }
  if (![...exchanges.values()].some(each => each.path === BULK)) fail('npm asked for no advisories: the lock names no package')
  fs.mkdirSync('cassette/exchanges', { recursive: true })
  fs.writeFileSync('cassette/cassette.json', text({ version: 1, recorded }))
  for (const [key, exchange] of exchanges) fs.writeFileSync(`cassette/exchanges/${key}.json`, text(exchange))
  process.exit(0)
})
