//! Programs in Python, Node and Perl.

use super::row::{Row, Section, Way};

const PYTHON_WAITS: &[Row] = &[
    Row::fails("nanoseconds", "`time.time_ns` passes as `time.perf_counter_ns` does"),
    Row::hangs("datetime_deadline", "`datetime.now()` never reaches a deadline"),
    Row::same("gives_up", "a poller gives up after 20 s by the wall clock, and has what it wants before"),
    Row::hangs("sched_wall", "`sched` with `time.time` waits for an event that is never due"),
    Row::same("sched_monotonic", "`sched` as it is by default"),
    Row::same("timer", "`threading.Timer`"),
    Row::same("locks", "timeouts of `Lock`, `Condition` and `Semaphore`"),
    Row::same("queues", "`queue.get` with a timeout"),
    Row::same("shared_lock", "`multiprocessing.Lock` with a timeout: `sem_timedwait`, a deadline by the wall clock"),
    Row::same("processes", "a spawned process reads what lies between two readings of its parent"),
    Row::same("asyncio_waits", "`asyncio.sleep` and `wait_for`"),
    Row::hangs("asyncio_wall", "a task that runs by `time.time` is never due again"),
    Row::same("timeouts", "timeouts of a subprocess, a socket, `select` and a future"),
    Row::same("alarm", "`setitimer` interrupts a sleep"),
];

const PYTHON_STATE: &[Row] = &[
    Row::fails("token", "a token never expires"),
    Row::fails("session", "a session never grows stale"),
    Row::hangs("limiter", "no token comes into the bucket"),
    Row::fails("window", "the window of a limiter never moves"),
    Row::fails("cache", "a cache by the fifth of a second gives the old value"),
    Row::same("uuids", "`uuid1` counts by itself when the clock stands"),
    Row::hangs("uuids_of_library", "`uuid1` of the system's library waits for the clock after a few"),
    Row::fails("records", "log records have all the same time"),
    Row::fails("rotation", "`TimedRotatingFileHandler` never rotates"),
    Row::fails("cookies", "a cookie with `Max-Age=1` lives for ever"),
    Row::same("sqlite_agrees", "`CURRENT_TIMESTAMP`, `julianday` and `strftime` of SQLite give the program's time"),
    Row::fails("sqlite_passes", "two rows have the same `CURRENT_TIMESTAMP`"),
    Row::fails("sqlite_expires", "a row is never over"),
    Row::fails("sqlite_order", "rows are in the order of their names, for all were made at one time"),
    Row::same("sqlite_busy", "SQLite's busy timeout counts by itself"),
];

const NODE: &[Row] = &[
    Row::fails("stopwatch", "`Date.now()` twice is how long it waited"),
    Row::fails("giveUp", "it polls with `Date.now()` and gives up after 200 tries"),
    Row::hangs("patient", "it polls with `Date.now()` and does not give up"),
    Row::fails("origin", "`performance.timeOrigin + performance.now()` is `Date.now()`"),
    Row::same("interval", "`setInterval` by `performance.now()`"),
    Row::same("abort", "`AbortSignal.timeout`"),
    Row::fails("token", "a token never expires"),
    Row::fails("session", "a session never grows stale"),
    Row::fails("cache", "an entry never grows old"),
    Row::hangs("bucket", "no token comes into the bucket"),
    Row::fails("cron", "a job runs before its second"),
    Row::fails("order", "records made at one time are in another order"),
    Row::fails("header", "the server's `Date` stays the same"),
    Row::same("worker", "a worker thread reads what lies between two readings"),
    Row::same("child", "`date` as a child reads what lies between two readings"),
];

const PERL: &[Row] = &[
    Row::fails("stopwatch", "`tv_interval` is how long it slept"),
    Row::fails("seconds", "`time` changes within 1100 ms"),
    Row::same("started", "`$^T` is when the script began"),
    Row::same("agree", "`time`, `Time::HiRes`, `strftime` and `date` agree"),
    Row::hangs("deadline", "a deadline by `Time::HiRes::time` never comes"),
    Row::same("alarm", "`alarm` interrupts a sleep"),
    Row::same("children", "children never read an earlier time"),
];

/// Returns the sections; the first one begins with a program that fails under a clock that stands.
pub fn sections() -> Vec<Section> {
    let section = |title, source, ways, rows| Section { title, source, ways, of_files: false, rows };
    vec![
        section("Python: waits", "waits.py", &[Way::By("python3")], PYTHON_WAITS),
        section("Python: state and SQLite", "state.py", &[Way::By("python3")], PYTHON_STATE),
        section("Node", "programs.js", &[Way::By("node")], NODE),
        section("Perl", "programs.pl", &[Way::By("perl")], PERL),
    ]
}
