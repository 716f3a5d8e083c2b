'use strict'
// Fetches the tarballs that a lock names, in the step with network. Reads `wanted.json`, a list of
// `{ name, version, integrity, url, file }`, and leaves each below `fetched/`. npm's own client fetches: it knows registries by scope, credentials, proxies and CA certificates as npm does.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { createRequire } = require('node:module')

const AT_ONCE = 24
const say = line => fs.writeSync(2, `rcrepro: ${line}\n`)

function fail (line) {
  say(line)
  process.exit(1)
}

// Finds npm in the search path.
function npm () {
  for (const folder of (process.env.PATH || '').split(':')) {
    try {
      return fs.realpathSync(path.join(folder, 'npm'))
    } catch {}
  }
  return fail('there is no npm in the search path: the image of this input needs it, its registry is npm\'s')
}

async function main () {
  const load = createRequire(npm())
  const pacote = load('pacote')
  const Npm = load('../lib/npm.js')
  const client = new Npm({ argv: [] })
  await client.load()
  const options = {
    ...client.flatOptions, cache: fs.mkdtempSync(path.join(os.tmpdir(), 'npm-')), packumentCache: new Map(), preferOffline: false, offline: false, before: null,
  }
  const registry = load('npm-registry-fetch')
  const wanted = JSON.parse(fs.readFileSync('wanted.json', 'utf8'))
  const failed = []

  // By custom a tarball has this address; a registry with another custom says so in the packument, which is asked for then.
  async function fetch ({ name, version, integrity, url, file }) {
    const spec = url || `${name}@${version}`
    const to = path.join('fetched', file)
    fs.mkdirSync(path.dirname(to), { recursive: true })
    const some = integrity ? { ...options, integrity } : options
    if (url) return pacote.tarball.file(spec, to, some)
    const base = registry.pickRegistry(spec, options).replace(/\/*$/, '/')
    const resolved = `${base}${name}/-/${name.split('/').pop()}-${version}.tgz`
    // Without a checksum in the lock the packument's is the one to meet.
    if (!integrity) return pacote.tarball.file(spec, to, some)
    try {
      await pacote.tarball.file(spec, to, { ...some, resolved })
    } catch (error) {
      if (!['E404', 'E400', 'E403', 'E405'].includes(error.code)) throw error
      await pacote.tarball.file(spec, to, some)
    }
  }

  let next = 0
  const worker = async () => {
    while (next < wanted.length) {
      const one = wanted[next++]
      try {
        await fetch(one)
      } catch (error) {
        failed.push(`${one.name}@${one.version}: ${error.code || error.name}: ${error.message.split('\n')[0]}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  for (const line of failed.sort()) say(line)
  process.exit(failed.length === 0 ? 0 : 1)
}

main().catch(error => fail(error.message))
