// Programs that compare the times of files with the wall clock: a word names one, the next an empty folder.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const { setTimeout: pause } = require("node:timers/promises");

const age = (name) => Date.now() - fs.statSync(name).mtimeMs;

const programs = {
  async fresh() {
    fs.writeFileSync("fresh", "text");
    assert(age("fresh") > -2000 && age("fresh") < 5000, `a fresh file is ${age("fresh")} ms old`);
    const { mtimeMs } = await fs.promises.stat("fresh");
    assert(Math.abs(Date.now() - mtimeMs) < 5000, `${mtimeMs} at ${Date.now()}`);
    const { birthtime, ctime } = fs.statSync("fresh", { bigint: true });
    assert(Math.abs(new Date() - birthtime) < 5000 && Math.abs(new Date() - ctime) < 5000, `${birthtime}, ${ctime}`);
  },

  async given() {
    fs.writeFileSync("given", "text");
    for (const moment of [new Date(), new Date(Date.now() - 3600000), new Date("2001-09-09T01:46:40Z")]) {
      fs.utimesSync("given", moment, moment);
      assert(Math.abs(fs.statSync("given").mtime - moment) <= 1, `${fs.statSync("given").mtime}, ${moment}`);
    }
  },

  async ttl() {
    fs.writeFileSync("cache", "text");
    assert(age("cache") < 5000, "it is old at once");
    await pause(400);
    assert(age("cache") > 300 && age("cache") < 60000, `it is ${age("cache")} ms old`);
  },
};

process.chdir(process.argv[3]);
programs[process.argv[2]]().then(() => console.log("ok"));
