#!/usr/bin/env node
'use strict'
// Stands before npm in the search path of commands that use a cassette of npm's advisories. `npm audit` is run as it was
// typed, with a registry on the loopback that answers from the cassette; everything else goes to npm untouched.
//
// The last line on the standard error is the proof: of when the data is and what was answered, or what was not. Exit code 75
// (EX_TEMPFAIL) when npm asked for something that the cassette lacks, or asked for no advisories at all; npm's own else.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { BULK, LISTENS, PORT, environment, listener, next } = require('../cassette.cjs')

const UNDECIDED = 75
const CASSETTE = path.join(__dirname, '..', 'cassette')
const INPUT = path.basename(path.dirname(__dirname))
const say = line => fs.writeSync(2, `rcrepro: ${line}\n`)

function stop (line) {
  say(line)
  process.exit(UNDECIDED)
}

function npm (env, ended) {
  const program = next('npm', __dirname)
  if (program === null) {
    say('there is no npm in the search path')
    process.exit(127)
  }
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit', env })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => stop(`cannot execute npm: ${error.message}`))
  child.on('exit', (code, signal) => {
    for (const each of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.removeAllListeners(each)
    if (signal !== null) process.kill(process.pid, signal)
    else ended(code)
  })
}

function play () {
  const { recorded } = JSON.parse(fs.readFileSync(path.join(CASSETTE, 'cassette.json'), 'utf8'))
  const answered = { advisories: new Set(), packages: 0, packuments: new Set() }
  const missing = new Set()
  const server = http.createServer(listener((request, asked, key) => {
    const file = path.join(CASSETTE, 'exchanges', `${key}.json`)
    if (!fs.existsSync(file)) {
      const line = `the cassette \`${INPUT}\` has no answer for ${request.method} ${request.url} (request ${key})`
      missing.add(line)
      return { status: 503, type: 'text/plain', text: `rcrepro: ${line}\n` }
    }
    const { status, type, body } = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (request.url === BULK) {
      if (!answered.advisories.has(key)) answered.packages += Object.keys(asked).length
      answered.advisories.add(key)
    } else answered.packuments.add(key)
    return { status, type, text: typeof body === 'string' ? body : JSON.stringify(body) }
  }))
  server.on('error', error => stop(`cannot serve the cassette \`${INPUT}\`: ${error.message}`))
  server.listen(PORT, '127.0.0.1', () => npm(environment(), code => {
    for (const line of [...missing].sort()) say(line)
    if (missing.size > 0) process.exit(UNDECIDED)
    if (answered.advisories.size === 0) stop(`npm asked the cassette \`${INPUT}\` for no advisories`)
    const { advisories, packages, packuments } = answered
    say(`npm advisories of ${recorded}: answered ${advisories.size} advisory request(s) for ${packages} package(s) ` +
      `and ${packuments.size} packument(s)`)
    process.exit(code)
  }))
}

if (process.argv.includes('audit') && !process.env[LISTENS]) play()
else npm(process.env, code => process.exit(code))
