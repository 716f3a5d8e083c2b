//! Programs and compiled tests in Go.

use super::row::{Row, Section, Way};

const PROGRAMS: &[Row] = &[
    Row::same("since", "`time.Since` goes by the monotonic part of a reading"),
    Row::same("context", "`context.WithDeadline` with a monotonic part"),
    Row::fails("context-stored", "a stored deadline is not over when the context says it is"),
    Row::same("after-func", "`time.AfterFunc`, one that fires and one that is stopped"),
    Row::same("ticker", "three ticks take three intervals"),
    Row::fails("ticker-wall", "the moments that a ticker gives are all the same"),
    Row::same("connection", "`SetReadDeadline` with a stored deadline"),
    Row::hangs("cron", "the job's time never comes"),
    Row::fails("token", "a token never expires"),
    Row::hangs("limiter", "no token comes into the bucket"),
    Row::fails("cache", "an entry never grows old"),
    Row::hangs("snowflake", "the numbers of a millisecond are used up, and the next one never comes"),
    Row::same("ulid", "names sort by millisecond and a count"),
    Row::fails("created", "records that are told apart by when they were made are one"),
    Row::hangs("lease", "another process's lease never runs out"),
    Row::same("breaker", "a breaker by `time.Since`"),
    Row::fails("rotation", "a log by the second stays one file"),
    Row::hangs("poller", "the next poll is never due"),
];

const WEB: &[Row] = &[
    Row::same("cookie", "`Max-Age` is reckoned with the monotonic clock by Go's jar"),
    Row::fails("cookie-expires", "a cookie with a date lives for ever"),
    Row::fails("modified", "a page that has changed has the `Last-Modified` of before, and is not sent"),
    Row::same("date", "the server's `Date` is the client's time"),
    Row::same("client", "a client's timeout"),
    Row::fails("certificate", "a certificate of one second is good for ever"),
];

const TESTS: &[Row] = &[
    Row::fails("TestRound", "`time.Now().Round(0)` twice, with a sleep of 1100 ms between, has to be a second apart"),
    Row::fails("TestStale", "a session never becomes idle"),
    Row::fails("TestEventually", "a condition by the wall clock is never satisfied, and the test gives up"),
    Row::same("TestDeadline", "`t.Deadline` is in the future"),
    Row::same("TestBubble", "`synctest` has its own clock"),
    Row::same("TestParallel", "subtests side by side read no time before their parent's"),
    Row::same("TestTooLong", "the alarm of `-test.timeout=1s` fails the test").ends_with(2),
];

pub fn sections() -> Vec<Section> {
    let section = |title, ways, rows| Section { title, source: "go", ways, of_files: false, rows };
    vec![
        section("Go", &[Way::StaticGo], PROGRAMS),
        section("Go: web", &[Way::Go], WEB),
        section("Go: tests", &[Way::GoTest], TESTS),
    ]
}
