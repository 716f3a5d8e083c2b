'use strict'
// Loaded before pnpm and yarn. Under a wall clock that stands, timers that look at it again and again (lodash's, in the progress that they show) never
// run out, and the client never ends. In the client alone the wall clock goes on from where it is, by monotonic time; the scripts that it runs see that of
// their command.

const began = Date.now() - performance.now()
const now = () => Math.floor(began + performance.now())

globalThis.Date = new Proxy(Date, {
  apply: target => new target(now()).toString(),
  construct: (target, given, created) => Reflect.construct(target, given.length > 0 ? given : [now()], created),
  get: (target, key, receiver) => key === 'now' ? now : Reflect.get(target, key, receiver),
})
