#!/usr/bin/env node
'use strict'
// Stands before pnpm, yarn, npm and corepack in the search path of commands that use frozen packages of pnpm or yarn. The client that the lock
// was written for is run as it was typed, with a registry on the loopback that has the locked tarballs, the client itself, and nothing else.
// npm and corepack are those of the image, and ask that registry where they install clients: `npm install -g pnpm`, `corepack prepare`.
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
// The client's tarball, as registries name it.
const CLIENT_FILE = `${client.package.split('/').pop()}-${client.version}.tgz`

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

// What npm and corepack are told where they install a client. Their caches would stay in an image's layer.
const ofInstallers = cache => ({
  COREPACK_DEFAULT_TO_LATEST: '0',
  COREPACK_INTEGRITY_KEYS: '0',
  COREPACK_NPM_REGISTRY: REGISTRY.slice(0, -1),
  npm_config_audit: 'false',
  npm_config_cache: cache,
  npm_config_fetch_retries: '0',
  npm_config_fund: 'false',
  npm_config_logs_max: '0',
  npm_config_noproxy: '127.0.0.1',
  npm_config_offline: 'false',
  npm_config_registry: REGISTRY,
  npm_config_update_notifier: 'false',
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
})

// Answers what is asked of the client itself: its packument, or the manifest of its version.
function ofClient (asked) {
  const manifest = JSON.parse(fs.readFileSync(path.join(TREE, 'client', 'package.json'), 'utf8'))
  const { name, version } = manifest
  manifest.dist = { integrity: client.integrity, signatures: [], tarball: `${REGISTRY}${name}/-/${CLIENT_FILE}` }
  return JSON.stringify(asked === name ? { name, 'dist-tags': { latest: version }, versions: { [version]: manifest } } : manifest)
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
      const isClient = asked === `${client.package}/-/${CLIENT_FILE}`
      const bytes = fs.readFileSync(isClient ? path.join(TREE, 'client.tgz') : path.join(TARBALLS, asked))
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length })
      response.end(bytes)
    } else {
      const isClient = ['', '/latest', `/${client.version}`].some(end => asked === client.package + end)
      // Where the project locks the client as a package of its own, those versions count.
      const text = isClient && !fs.existsSync(path.join(TARBALLS, asked)) ? ofClient(asked) : packument(asked)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(text)
    }
  } catch {
    missing.add(`${request.method} ${request.url}`)
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end('{"error":"not found"}')
  }
}

// Finds the program of the image that this one comes before.
function behind (name) {
  for (const folder of (process.env.PATH || '').split(path.delimiter)) {
    const at = path.join(folder, name)
    try {
      if (path.resolve(folder) === __dirname) continue
      fs.accessSync(at, fs.constants.X_OK)
      return at
    } catch {}
  }
  return null
}

const INSTALLS = ['add', 'i', 'in', 'ins', 'inst', 'insta', 'instal', 'install', 'isnt', 'isnta', 'isntal', 'isntall']

// Whether npm is to install something for all: a client, because nothing else is here.
function isForAll (words) {
  const isGlobal = words.some((word, at) => ['-g', '--global', '--global=true', '--location=global'].includes(word) ||
    (word === '--location' && words[at + 1] === 'global'))
  return isGlobal && words.some(word => INSTALLS.includes(word))
}

// Gives the program that is meant, its arguments, its variables, and whether it asks the registry.
function meant () {
  const [name, words] = [path.basename(process.argv[1]), process.argv.slice(2)]
  const clientAs = (name, given) => {
    const all = client.dialect === 'berry' ? given : given.filter(word => word !== '--offline' && word !== '--prefer-offline')
    const program = path.join(TREE, 'client', client.programs[name])
    return { name, program: process.execPath, words: ['--require', path.join(TREE, 'clock.cjs'), program, ...all], variables: environment(), asks: true }
  }
  if (name in client.programs) return clientAs(name, words)
  if (name === 'corepack' && words[0] in client.programs) return clientAs(words[0], words.slice(1))
  const program = behind(name)
  if (program === null && name === 'corepack') {
    say(`corepack ${words.join(' ')}: nothing to do, the frozen input \`${INPUT}\` has ${client.package} ${client.version}`)
    process.exit(0)
  }
  if (program === null) {
    say(`${name}: there is no such program in the image`)
    process.exit(127)
  }
  // corepack writes beside the program that is found by its name.
  const folders = (process.env.PATH || '').split(path.delimiter).filter(folder => path.resolve(folder) !== __dirname)
  const own = name === 'corepack' ? { PATH: folders.join(path.delimiter) } : {}
  const asks = name === 'corepack' ? !['enable', 'disable'].includes(words[0]) : isForAll(words)
  if (!asks) return { name, program, words, variables: { ...process.env, ...own }, asks }
  cache = fs.mkdtempSync(path.join(os.tmpdir(), 'rcrepro-'))
  const ours = ofInstallers(cache)
  const theirs = Object.entries(process.env).filter(([name]) => !(name.toLowerCase() in ours))
  return { name, program, words, variables: { ...Object.fromEntries(theirs), ...ours, ...own }, asks }
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

function run () {
  const { name, program, words, variables } = what
  const child = spawn(program, words, { stdio: 'inherit', env: variables })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    say(`cannot execute ${name}: ${error.message}`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => {
    if (name === 'pnpm') evenTimes()
    if (cache) fs.rmSync(cache, { recursive: true, force: true })
    if (code !== 0 && missing.size > 0) {
      for (const each of [...missing].sort()) say(`the frozen input \`${INPUT}\` has no answer for ${each}`)
      say(`it has ${client.package} ${client.version}, and what its lock names. Another client: client = "${client.package}@VERSION" in [frozen.${INPUT}]; then, or if the lock asks for that: rcrepro lock ${INPUT}`)
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
  if (!started) run()
  started = true
}

let cache = ''
const what = meant()
if (what.asks) listen()
else start()
