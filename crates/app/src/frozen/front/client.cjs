#!/usr/bin/env node
'use strict'
// Stands before pnpm and yarn in the search path of commands that use their frozen packages. The client that the lock was
// written for is run as it was typed, with a registry on the loopback that has the locked tarballs and nothing else.
//
// `--offline` is not passed on to pnpm and yarn 1: there it means a store on this machine, and this is the network that there
// is. What was asked for in vain is said on the standard error when the client fails.

const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')

// Clients write the registry's address into what they install, so that it is always the same.
const PORT = 4874
const REGISTRY = `http://127.0.0.1:${PORT}/`
const TREE = path.join(__dirname, '..')
const INPUT = path.basename(TREE)
const TARBALLS = path.join(TREE, 'tarballs')
const client = JSON.parse(fs.readFileSync(path.join(TREE, 'client.json'), 'utf8'))
const say = line => fs.writeSync(2, `rcrepro: ${line}\n`)
const missing = new Set()

// Says under every prefix that a version of the client reads that it is to ask here.
function environment () {
  const home = process.env.HOME || os.tmpdir()
  const scopes = fs.readdirSync(TARBALLS).filter(name => name.startsWith('@'))
  const ours = {}
  const set = (prefixes, settings) => {
    for (const prefix of prefixes) for (const [name, value] of Object.entries(settings)) ours[prefix + name] = value
  }
  if (client.dialect === 'berry') {
    set(['YARN_'], {
      CHECKSUM_BEHAVIOR: 'throw',
      ENABLE_GLOBAL_CACHE: 'false',
      ENABLE_HARDENED_MODE: 'false',
      ENABLE_MIRROR: 'false',
      ENABLE_NETWORK: 'true',
      ENABLE_TELEMETRY: 'false',
      NPM_REGISTRY_SERVER: REGISTRY,
      UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    })
  } else {
    set(['npm_config_', 'pnpm_config_', 'yarn_'], {
      audit: 'false',
      fetch_retries: '0',
      fund: 'false',
      manage_package_manager_versions: 'false',
      minimum_release_age: '0',
      noproxy: '127.0.0.1',
      offline: 'false',
      pm_on_fail: 'ignore',
      prefer_offline: 'false',
      registry: REGISTRY,
      trust_lockfile: 'true',
      update_notifier: 'false',
      verify_deps_before_run: 'false',
      ...Object.fromEntries(scopes.map(scope => [`${scope}:registry`, REGISTRY])),
    })
    if (client.dialect === 'classic') set(['yarn_'], { yarn_offline_mirror: TARBALLS, cache_folder: path.join(home, '.rcrepro', INPUT) })
    else set(['npm_config_', 'pnpm_config_'], { store_dir: path.join(home, '.rcrepro', INPUT) })
  }
  const theirs = Object.entries(process.env).filter(([name]) => !(name.toLowerCase() in ours))
  return { ...Object.fromEntries(theirs), ...ours, COREPACK_ENABLE_NETWORK: '0', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
}

// Gives the packument of a package: its locked versions and nothing else.
function packument (name) {
  const folder = path.join(TARBALLS, name, '-')
  const start = `${name.split('/').pop()}-`
  const versions = {}
  for (const file of fs.readdirSync(folder).sort()) {
    const version = file.slice(start.length, -'.tgz'.length)
    versions[version] = { name, version, dist: { tarball: `${REGISTRY}${name}/-/${file}` } }
  }
  return JSON.stringify({ name, 'dist-tags': {}, versions })
}

function answer (request, response) {
  response.sendDate = false
  try {
    const asked = decodeURIComponent(new URL(request.url, REGISTRY).pathname.slice(1))
    if (asked.split('/').includes('..')) throw new Error('leaves the registry')
    if (asked.endsWith('.tgz')) {
      const bytes = fs.readFileSync(path.join(TARBALLS, asked))
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length })
      response.end(bytes)
    } else {
      const text = packument(asked)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(text)
    }
  } catch {
    missing.add(`${request.method} ${request.url}`)
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end('{"error":"not found"}')
  }
}

// Gives what was typed after the client's name. corepack has nothing to do here but to run the client: it is here already.
function typed () {
  const words = process.argv.slice(2)
  if (path.basename(process.argv[1]) !== 'corepack') return [path.basename(process.argv[1]), words]
  if (words[0] in client.programs) return [words[0], words.slice(1)]
  say(`corepack ${words.join(' ')}: nothing to do, the frozen input \`${INPUT}\` has ${client.package} ${client.version}`)
  return process.exit(0)
}

// What pnpm writes of the time into what it installs: when it last removed packages that nobody needs, and when it last looked.
// Under a clock that stands pnpm would wait for ever.
const TIMES = [
  ['.modules.yaml', /("?prunedAt"?: *"?)[^"\n]*/, instant => instant.toUTCString()],
  ['.pnpm-workspace-state.json', /("lastValidatedTimestamp": *)\d+/, instant => instant.getTime()],
  ['.pnpm-workspace-state-v1.json', /("lastValidatedTimestamp": *)\d+/, instant => instant.getTime()],
]

// Puts the time of the source in place of those.
function evenTimes () {
  const seconds = Number(process.env.SOURCE_DATE_EPOCH || NaN)
  if (!Number.isSafeInteger(seconds)) return
  const instant = new Date(seconds * 1000)
  for (let folder = process.cwd(), above; ; folder = above) {
    for (const [name, written, evened] of TIMES) {
      const at = path.join(folder, 'node_modules', name)
      try {
        const text = fs.readFileSync(at, 'utf8')
        const even = text.replace(written, (_, key) => key + evened(instant))
        if (even !== text) fs.writeFileSync(at, even)
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') say(`cannot even the times in ${at}: ${error.message}`)
      }
    }
    above = path.dirname(folder)
    if (above === folder) return
  }
}

function run (name, given) {
  const words = client.dialect === 'berry' ? given : given.filter(word => word !== '--offline' && word !== '--prefer-offline')
  const program = path.join(TREE, 'client', client.programs[name])
  const child = spawn(process.execPath, [program, ...words], { stdio: 'inherit', env: environment() })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    say(`cannot execute ${name}: ${error.message}`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => {
    if (name === 'pnpm') evenTimes()
    if (code !== 0 && missing.size > 0) {
      for (const each of [...missing].sort()) say(`the frozen input \`${INPUT}\` has no answer for ${each}`)
      say(`if the lock asks for that: rcrepro lock ${INPUT}`)
    }
    for (const each of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.removeAllListeners(each)
    if (signal !== null) process.kill(process.pid, signal)
    else process.exit(code)
  })
}

// Another client of the same container may answer already; when it ends, this one does.
function listen () {
  const server = http.createServer(answer)
  server.on('error', error => {
    if (error.code === 'EADDRINUSE') setTimeout(listen, 50).unref()
    else say(`cannot serve the frozen input \`${INPUT}\`: ${error.message}`)
    start()
  })
  server.listen(PORT, '127.0.0.1', start)
}

let started = false
function start () {
  if (!started) run(...what)
  started = true
}

const what = typed()
listen()
