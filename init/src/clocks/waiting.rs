//! When held clocks move on.
//!
//! Time passes for a program whose clocks are held only while it waits for time itself: for every second in which it has no
//! child and does next to nothing, its clocks move on by that second. So its timers fire, late by a second or so, but how
//! long its children or its own work took is not seen. Where nothing at all has been done in the container for a minute, a
//! child hangs or sleeps, and time passes, too: `go test` ends a test that hangs when it would without us. Whatever it does,
//! its clocks move on at the latest when its quantum is over, by that quantum.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::programs::Programs;

/// How long a program must have waited before that counts.
const WAITED: Duration = Duration::from_secs(1);
/// For how long no process must have done anything until time passes for a program that has a child.
const HANGS: Duration = Duration::from_secs(60);
/// How often the watching threads of new programs are looked for.
const SEARCH_EVERY: Duration = Duration::from_millis(50);
/// The most processor time, in hundredths of a second, that a program takes within [`WAITED`] without being at work: a
/// timer that comes back too early is set again, up to a thousand times a second.
const AT_REST: u64 = 25;

/// Remembers the programs whose clocks are held.
#[derive(Default)]
pub struct Waiting {
    held: BTreeMap<u32, Held>,
    looked: Option<Instant>,
    searched: Option<Instant>,
    stillness: Stillness,
}

/// Remembers since when no process in the container has done anything.
#[derive(Default)]
struct Stillness {
    /// The processes and the processor time of each at the last look.
    used: BTreeMap<u32, u64>,
    since: Option<Instant>,
    /// How much of it was given to held programs already.
    given: Duration,
}

impl Stillness {
    /// Returns by how much time passes for held programs, now that this was seen.
    fn look(&mut self, processes: &BTreeMap<u32, Status>, now: Instant, busy: impl Fn(u32) -> bool) -> Duration {
        let used: BTreeMap<u32, u64> = processes.iter().map(|(&pid, status)| (pid, status.used)).collect();
        let is_same = used.keys().eq(self.used.keys())
            && used.iter().all(|(pid, used)| used.saturating_sub(self.used[pid]) <= AT_REST)
            && !used.keys().any(|&pid| busy(pid));
        self.used = used;
        let Some(since) = self.since.filter(|_| is_same) else {
            (self.since, self.given) = (Some(now), Duration::ZERO);
            return Duration::ZERO;
        };
        if now - since < HANGS {
            return Duration::ZERO;
        }
        let step = Duration::from_secs((now - since - self.given).as_secs());
        self.given += step;
        step
    }
}

struct Held {
    /// When the process began, in the kernel's ticks: tells two of one number apart.
    began: u64,
    /// The processor time at the last look, in ticks.
    used: u64,
    /// What its collected children had used of memory at the last look.
    collected: u64,
    /// How far its clocks have moved on.
    passed: Duration,
    /// When they last did.
    moved: Instant,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status {
    state: u8,
    parent: u32,
    used: u64,
    began: u64,
    /// Faults of the children that were collected: grows with every one of them, however short it lived.
    collected: u64,
}

impl Waiting {
    /// Looks at every process, no more than once in [`WAITED`], and moves the clocks on of those that wait.
    pub fn look(&mut self, programs: &Programs) {
        let now = Instant::now();
        if self.searched.is_none_or(|searched| now - searched >= SEARCH_EVERY) {
            self.searched = Some(now);
            programs.find_watchers();
        }
        if self.looked.is_some_and(|looked| now - looked < WAITED) {
            return;
        }
        let since = now - *self.looked.get_or_insert(now);
        self.looked = Some(now);
        let processes = processes();
        let below = descendants(&processes, std::process::id());
        let still = self.stillness.look(&below, now, runs);
        self.held.retain(|pid, held| processes.get(pid).is_some_and(|status| status.began == held.began));
        for (&pid, status) in &processes {
            let Some(quantum) = programs.quantum_of(pid) else { continue };
            let fresh = Held {
                began: status.began,
                used: status.used,
                collected: status.collected,
                passed: Duration::ZERO,
                moved: now,
            };
            let held = self.held.entry(pid).or_insert(fresh);
            let has_child = processes.values().any(|other| other.parent == pid && other.state != b'Z');
            // Between two children it has none: it waited for the one that ended meanwhile.
            let had_child = has_child || status.collected != held.collected;
            let at_rest = !had_child && status.used - held.used <= AT_REST && !runs(pid);
            (held.used, held.collected) = (status.used, status.collected);
            let step = step(at_rest, since, now - held.moved, quantum).max(still);
            if !step.is_zero() && programs.move_on(pid, held.passed + step).is_ok() {
                held.passed += step;
                held.moved = now;
            }
        }
    }
}

/// Decides by how much held clocks move on, `since` the last look and with this much time since they last did.
fn step(at_rest: bool, since: Duration, held_for: Duration, quantum: Duration) -> Duration {
    if at_rest && held_for >= since {
        return Duration::from_secs(since.as_secs());
    }
    if held_for >= quantum { quantum } else { Duration::ZERO }
}

/// Leaves those that a process has started, and what they have started: in a container, all others.
fn descendants(processes: &BTreeMap<u32, Status>, of: u32) -> BTreeMap<u32, Status> {
    let is_below = |status: &Status| {
        let line =
            std::iter::successors(Some(status.parent), |parent| processes.get(parent).map(|status| status.parent));
        line.take(processes.len()).any(|parent| parent == of)
    };
    processes.iter().filter(|(_, status)| is_below(status)).map(|(&pid, &status)| (pid, status)).collect()
}

fn processes() -> BTreeMap<u32, Status> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter_map(|pid: u32| Some((pid, parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

/// Reads state, parent, children's faults, processor time and beginning: fields 3, 4, 11, 14 and 15, and 22. The name before them may hold
/// anything, its last bracket ends it.
fn parse(stat: &str) -> Option<Status> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
    Some(Status {
        state: *fields.first()?.as_bytes().first()?,
        parent: u32::try_from(number(4)?).ok()?,
        used: number(14)? + number(15)?,
        began: number(22)?,
        collected: number(11)?,
    })
}

/// Whether any thread of a process runs, could run, or waits for a disk.
fn runs(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        parse(&stat).is_some_and(|status| matches!(status.state, b'R' | b'D'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn clocks_move_on_by_what_was_waited() {
        let quantum = 300 * SECOND;
        assert_eq!(step(true, SECOND, SECOND, quantum), SECOND);
        assert_eq!(step(true, SECOND * 5 / 2, 5 * SECOND, quantum), 2 * SECOND);
        assert_eq!(step(true, SECOND, SECOND / 2, quantum), Duration::ZERO, "it began between two looks");
        assert_eq!(step(false, SECOND, 299 * SECOND, quantum), Duration::ZERO);
        assert_eq!(step(false, SECOND, 300 * SECOND, quantum), quantum);
    }

    #[test]
    fn a_container_in_which_nothing_happens_for_a_minute_hangs() {
        let began = Instant::now();
        let processes = |used| {
            let status = Status { state: b'S', parent: 1, used, began: 1, collected: 0 };
            BTreeMap::from([(7, status), (8, status)])
        };
        let mut stillness = Stillness::default();
        let mut look = |at, used, busy| stillness.look(&processes(used), began + at * SECOND, |_| busy).as_secs();
        assert_eq!((look(0, 0, false), look(30, 2, false), look(59, 2, false)), (0, 0, 0));
        assert_eq!((look(60, 2, false), look(61, 2, false), look(64, 2, false)), (60, 1, 3));
        assert_eq!((look(65, 100, false), look(124, 100, false)), (0, 0), "something was done");
        assert_eq!((look(125, 100, false), look(126, 100, true), look(127, 100, false)), (60, 0, 0));
    }

    #[test]
    fn descendants_are_told_from_others() {
        let status = |parent| Status { state: b'S', parent, used: 0, began: 1, collected: 0 };
        let all = BTreeMap::from([(1, status(0)), (5, status(1)), (6, status(5)), (7, status(6)), (8, status(1))]);
        assert_eq!(descendants(&all, 5).into_keys().collect::<Vec<_>>(), [6, 7]);
        assert_eq!(descendants(&all, 1).into_keys().collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn names_with_brackets_are_read_over() {
        let stat = "77 (a) b) S 1 77 77 0 -1 4194560 100 3 0 0 5 7 0 0 20 0 9 0 4242 1 1 1";
        assert_eq!(parse(stat), Some(Status { state: b'S', parent: 1, used: 12, began: 4242, collected: 3 }));
        assert_eq!(parse("nothing"), None);
        let own = std::fs::read_to_string("/proc/self/stat").expect("one's own");
        assert!(parse(&own).is_some_and(|status| status.began > 0));
    }
}
