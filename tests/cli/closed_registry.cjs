'use strict'
// A registry of npm and a proxy of Go modules behind TLS, with one package each, for those who say who they are.
// node closed_registry.cjs FOLDER SECRET: makes a certificate for the address HOST and prints what locks need to know.

const { execFileSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const https = require('node:https')
const path = require('node:path')
const zlib = require('node:zlib')

const [folder, host, secret] = process.argv.slice(2)
const hash = (algorithm, bytes, form) => crypto.createHash(algorithm).update(bytes).digest(form)

// Stores files in a zip.
function zip (files) {
  const pieces = []
  const central = []
  let at = 0
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(33, 8)
    common.writeUInt32LE(zlib.crc32(bytes), 10)
    common.writeUInt32LE(bytes.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(at, 10)
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, Buffer.from(name))
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), bytes])
    pieces.push(local)
    at += local.length
  }
  const entries = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(Object.keys(files).length, 4)
  end.writeUInt16LE(Object.keys(files).length, 6)
  end.writeUInt32LE(entries.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...pieces, entries, Buffer.from('PK\x05\x06', 'latin1'), end])
}

// Go's checksum of files.
const h1 = files => {
  const lines = Object.keys(files).sort().map(name => `${hash('sha256', files[name], 'hex')}  ${name}\n`)
  return `h1:${hash('sha256', lines.join(''), 'base64')}`
}

const pack = path.join(folder, 'pack', 'package')
fs.mkdirSync(pack, { recursive: true })
fs.writeFileSync(path.join(pack, 'package.json'), '{"name":"@own/closed","version":"1.0.0"}')
const tarball = execFileSync('tar', ['-cz', '-C', path.dirname(pack), 'package'])
const mod = 'module own.example/closed\n\ngo 1.20\n'
const at = 'own.example/closed@v1.0.0/'
const files = { [`${at}go.mod`]: mod, [`${at}closed.go`]: 'package closed\n' }
const served = {
  '/own.example/closed/@v/v1.0.0.info': '{"Version":"v1.0.0"}',
  '/own.example/closed/@v/v1.0.0.mod': mod,
  '/own.example/closed/@v/v1.0.0.zip': zip(files),
  '/@own/closed/-/closed-1.0.0.tgz': tarball,
}

const [key, certificate] = ['key.pem', 'certificate.pem'].map(name => path.join(folder, name))
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=closed', '-keyout', key, '-out', certificate,
  '-addext', `subjectAltName=IP:${host}`], { stdio: 'ignore' })
const basic = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`
const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, (request, response) => {
  const url = decodeURIComponent(request.url)
  const opened = [basic, `Bearer ${secret}`].includes(request.headers.authorization)
  const body = served[url]
  const status = !opened ? 401 : body === undefined ? 404 : 200
  fs.appendFileSync(path.join(folder, 'seen'), `${status} ${url}\n`)
  response.writeHead(status)
  // A registry that repeats what it was sent.
  response.end(status === 200 ? body : `no: ${request.headers.authorization}`)
})
server.listen(0, '0.0.0.0', () => {
  console.log([server.address().port, `sha512-${hash('sha512', tarball, 'base64')}`, h1(files), h1({ 'go.mod': mod })].join(' '))
})
// It ends with the test.
process.stdin.on('end', () => process.exit(0)).resume()
