'use strict'
// What recorder and player agree on: which requests are the same, and how an exchange is kept. A request is known by its
// method, its path and the canonical form of its body; neither a header nor a user agent counts.

const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')

const BULK = '/-/npm/v1/security/advisories/bulk'
const PORT = 4873
// Says to an `npm` inside of another one that the requests are listened to already.
const LISTENS = 'RCREPRO_ADVISORIES'

// Sorts the keys of objects by UTF-16 code units (RFC 8785).
function sorted (value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
}

// Reads a request's body: null without one. The versions of the advisory request are a set.
function body (url, bytes, encoding) {
  if (bytes.length === 0) return null
  const plain = /^(x-)?gzip$/.test(encoding || '') ? zlib.gunzipSync(bytes) : bytes
  const value = sorted(JSON.parse(plain.toString('utf8')))
  if (url === BULK) for (const versions of Object.values(value)) if (Array.isArray(versions)) versions.sort()
  return value
}

function key (method, url, request) {
  const text = request === null ? '' : JSON.stringify(request)
  return crypto.createHash('sha256').update(`${method}\n${url}\n${text}\n`).digest('hex')
}

// Writes what people can read and compare line by line.
const text = value => JSON.stringify(sorted(value), null, 1) + '\n'

// Finds the next program of a name in the search path, but for a folder.
function next (name, but) {
  for (const folder of (process.env.PATH || '').split(':')) {
    if (folder === '' || path.resolve(folder) === but) continue
    const file = path.join(folder, name)
    try {
      fs.accessSync(file, fs.constants.X_OK)
      return file
    } catch {}
  }
  return null
}

// Makes npm ask here, whatever else the environment says, and ask once.
function environment () {
  const ours = {
    npm_config_audit: 'true',
    npm_config_fetch_retries: '0',
    npm_config_noproxy: '127.0.0.1',
    npm_config_offline: 'false',
    npm_config_prefer_offline: 'false',
    npm_config_registry: `http://127.0.0.1:${PORT}/`,
    npm_config_update_notifier: 'false',
  }
  const rest = Object.entries(process.env).filter(([name]) => !(name.toLowerCase().replace(/-/g, '_') in ours))
  return { ...Object.fromEntries(rest), ...ours, [LISTENS]: '1' }
}

// Gathers a request, then answers it with what `answer` gives: status, type and text.
function listener (answer) {
  return (request, response) => {
    const pieces = []
    request.on('data', piece => pieces.push(piece))
    request.on('end', async () => {
      let reply
      try {
        const asked = body(request.url, Buffer.concat(pieces), request.headers['content-encoding'])
        reply = await answer(request, asked, key(request.method, request.url, asked))
      } catch (error) {
        reply = { status: 400, type: 'text/plain', text: `rcrepro: ${error.message}\n` }
      }
      // Nothing in an answer may be of today.
      response.sendDate = false
      response.writeHead(reply.status, { 'content-type': reply.type })
      response.end(reply.text)
    })
  }
}

module.exports = { BULK, LISTENS, PORT, environment, key, listener, next, sorted, text }
