'use strict'
// Loaded before pnpm and yarn. Under a wall clock that stands, timers that look at it when they go off and then wait again (lodash's, in the progress
// that pnpm shows) never run out, and the client never ends. While a timer of the client is served, and only then, the wall clock has gone on by
// monotonic time: what the client writes into files has the time that stands.

const { promisify } = require('node:util')

const clock = Date.now
const began = performance.now()
let served = 0
const now = () => clock() + (served > 0 ? Math.floor(performance.now() - began) : 0)

for (const name of ['setTimeout', 'setInterval']) {
  const set = globalThis[name]
  const serving = (given, ...more) => {
    if (typeof given !== 'function') return set(given, ...more)
    return set(function (...words) {
      served += 1
      try {
        return given.apply(this, words)
      } finally {
        served -= 1
      }
    }, ...more)
  }
  if (set[promisify.custom]) serving[promisify.custom] = set[promisify.custom]
  globalThis[name] = serving
}

globalThis.Date = new Proxy(Date, {
  apply: target => new target(now()).toString(),
  construct: (target, given, created) => Reflect.construct(target, given.length > 0 ? given : [now()], created),
  get: (target, key, receiver) => key === 'now' ? now : Reflect.get(target, key, receiver),
})
