// Programs of the corpus in Node: the first word names one; it prints `ok`, or an exception ends it.
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const http = require("node:http");
const { execFileSync } = require("node:child_process");
const { once } = require("node:events");
const { setTimeout: pause } = require("node:timers/promises");
const { Worker } = require("node:worker_threads");

function about(what, passed, least) {
  assert(passed >= least && passed < least + 60000, `${what}: ${passed} ms instead of ${least} ms`);
}

const programs = {
  async stopwatch() {
    const began = Date.now();
    await pause(400);
    // Timers may come a millisecond early by this clock.
    about("by the wall clock", Date.now() - began, 397);
  },

  async giveUp() {
    const ready = Date.now() + 300;
    for (let tries = 0; Date.now() < ready; tries++) {
      assert(tries < 200, "it gave up");
      await pause(10);
    }
  },

  async patient() {
    const ready = Date.now() + 300;
    while (Date.now() < ready) await pause(10);
  },

  async origin() {
    const difference = () => performance.timeOrigin + performance.now() - Date.now();
    assert(Math.abs(difference()) < 500, `${difference()} ms apart`);
    await pause(1100);
    assert(Math.abs(difference()) < 500, `${difference()} ms apart after a second`);
  },

  async interval() {
    const began = performance.now();
    const seen = [];
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        seen.push(performance.now() - began);
        if (seen.length === 3) resolve(clearInterval(timer));
      }, 100);
    });
    about("three times", seen[2], 290);
  },

  async abort() {
    const began = performance.now();
    await assert.rejects(pause(60000, null, { signal: AbortSignal.timeout(300) }), { name: "AbortError" });
    about("the signal", performance.now() - began, 295);
  },

  async token() {
    const sign = (claims) => {
      const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${body}.${crypto.createHmac("sha256", "key").update(body).digest("base64url")}`;
    };
    const expired = (token) => {
      const claims = JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
      assert.strictEqual(sign(claims), token);
      assert(claims.iat <= Date.now() + 1000, "issued in the future");
      return claims.exp <= Date.now();
    };
    const now = Date.now();
    const [short, long] = [sign({ iat: now, exp: now + 400 }), sign({ iat: now, exp: now + 3600000 })];
    assert(expired(sign({ iat: now - 2, exp: now - 1 })));
    await pause(450);
    assert(expired(short), "it is good after its time");
    assert(!expired(long));
  },

  async session() {
    const session = { seen: new Date().toISOString() };
    await pause(350);
    assert(new Date() - new Date(session.seen) > 300, "it is as fresh as at the beginning");
  },

  async cache() {
    let made = 0;
    let entry;
    const get = () => {
      if (!entry || Date.now() - entry.stored > 200) entry = { value: ++made, stored: Date.now() };
      return entry.value;
    };
    get();
    await pause(250);
    assert.strictEqual(get(), 2);
  },

  async bucket() {
    let [tokens, last, taken] = [1, Date.now(), 0];
    const began = performance.now();
    while (taken < 3) {
      const now = Date.now();
      tokens = Math.min(1, tokens + ((now - last) * 5) / 1000);
      last = now;
      if (tokens >= 1) [tokens, taken] = [tokens - 1, taken + 1];
      else await pause(10);
    }
    about("three of one and five a second", performance.now() - began, 380);
  },

  // Sets one timer for each run, for the beginning of the next second.
  async cron() {
    const began = Math.floor(Date.now() / 1000);
    const next = (began + 1) * 1000;
    // A timer may come a little early.
    await pause(next - Date.now() + 20);
    assert(Math.floor(Date.now() / 1000) > began, `it ran in the second ${began} itself`);
  },

  async order() {
    const made = [];
    for (const name of ["c", "a", "b"]) {
      made.push({ name, created: new Date().toISOString() });
      await pause(20);
    }
    made.sort((one, other) => other.created.localeCompare(one.created) || one.name.localeCompare(other.name));
    assert.strictEqual(made.map(({ name }) => name).join(), "b,a,c");
  },

  async header() {
    const server = http.createServer((request, response) => response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const date = async () => {
      const [response] = await once(http.get({ port: server.address().port, agent: false }), "response");
      response.resume();
      return Date.parse(response.headers.date);
    };
    const first = await date();
    assert(Math.abs(Date.now() - first) < 5000, `${first} at ${Date.now()}`);
    await pause(1300);
    assert((await date()) > first, "the second has not changed");
    server.close();
  },

  async worker() {
    const before = Date.now();
    const worker = new Worker("require('worker_threads').parentPort.postMessage(Date.now())", { eval: true });
    const [inside] = await once(worker, "message");
    assert(before <= inside && inside <= Date.now(), `${before}, ${inside}, ${Date.now()}`);
  },

  async child() {
    for (let round = 0; round < 3; round++) {
      const before = Date.now();
      const inside = Number(execFileSync("date", ["+%s%3N"]));
      assert(before <= inside && inside <= Date.now(), `${before}, ${inside}, ${Date.now()}`);
    }
  },
};

programs[process.argv[2]]().then(() => console.log("ok"));
