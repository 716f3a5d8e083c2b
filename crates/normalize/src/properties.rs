//! What every normalizer promises, held against recorded runs (`tests/fixtures/normalize/`) and generated ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use self::freedom::Freedom;
use super::{all, by_name};

mod freedom;
mod mutants;
mod orders;

/// The folder with the recorded runs of one normalizer.
fn folder(normalizer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/normalize").join(normalizer)
}

/// The recorded runs of one normalizer by what was run, then what they must become: `pass.1.txt`, `pass.2.txt`,
/// `pass.canonical.txt` → `pass`: three streams.
fn recorded(normalizer: &str) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder(normalizer)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.ends_with("free.txt"));
    paths.sort();
    let mut runs: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        runs.entry(name.split('.').next().unwrap().to_owned()).or_default().push(std::fs::read(&path).unwrap());
    }
    runs
}

/// Each group holds the runs and then (by the order of file names) the canonical bytes that all of them have.
#[test]
fn recorded_runs_have_one_canonical_form() {
    for normalizer in all() {
        let (freedom, groups) = (Freedom::read(&folder(normalizer.name())), recorded(normalizer.name()));
        assert!(!groups.is_empty());
        for (what, mut runs) in groups {
            let expected = runs.pop().expect("each group ends with WHAT.canonical.txt");
            assert!(runs.len() >= 2, "{what} has too few runs");
            for run in &runs {
                let found = normalizer.apply(run);
                assert_eq!(
                    String::from_utf8_lossy(&found),
                    String::from_utf8_lossy(&expected),
                    "{normalizer:?} {what}"
                );
            }
            let same = runs.iter().all(|run| run == &runs[0]);
            assert_eq!(same, freedom.is_same(&what), "{normalizer:?} {what}: free.txt says which cases never vary");
        }
    }
}

/// These tools print the same bytes in every run, so they have no normalizer; a recording that says otherwise asks for one.
#[test]
fn what_has_no_normalizer_needs_none() {
    let cases = recorded("stable");
    assert!(cases.len() >= 3 && all().iter().all(|normalizer| normalizer.name() != "stable"));
    for (what, runs) in cases {
        assert!(runs.len() >= 3 && runs.iter().all(|run| run == &runs[0] && !run.is_empty()), "{what}");
    }
}

/// Every line of every recorded run, each once.
static LINES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let streams = all().iter().flat_map(|normalizer| recorded(normalizer.name()).into_values().flatten());
    let lines = |stream: Vec<u8>| stream.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    streams.flat_map(lines).collect::<BTreeSet<_>>().into_iter().collect()
});

/// A test file or package as the generator sees it.
#[derive(Debug, Clone, PartialEq)]
struct Suite {
    name: String,
    passed: bool,
    tests: u8,
}

fn suites() -> impl Strategy<Value = Vec<Suite>> {
    let suite = ("[a-z]{1,6}(/[a-z]{1,3} ?12ms)?", any::<bool>(), 1..9u8).prop_map(|(name, passed, tests)| Suite {
        name: name.replace(' ', "_"),
        passed,
        tests,
    });
    prop::collection::vec(suite, 1..6).prop_map(|mut suites| {
        suites.sort_by(|a, b| a.name.cmp(&b.name));
        suites.dedup_by(|a, b| a.name == b.name);
        suites
    })
}

fn go_output(suites: &[Suite], times: &[u32]) -> String {
    let mut times = times.iter().cycle();
    let mut next = || *times.next().unwrap();
    let mut out = String::new();
    for Suite { name, passed, tests } in suites {
        for test in 0..*tests {
            let verdict = if *passed { "PASS" } else { "FAIL" };
            out += &format!("--- {verdict}: Test{test}_{name} ({}.{:02}s)\n", next() / 100, next() % 100);
        }
        let verdict = if *passed { "ok  " } else { "FAIL" };
        out += &format!("{verdict}\t{name}\t{}.{:03}s\n", next() / 1000, next() % 1000);
    }
    out
}

fn vitest_output(suites: &[Suite], times: &[u32]) -> String {
    let mut ended: Vec<_> = suites.iter().zip(times.iter().cycle()).collect();
    ended.sort_by_key(|(_, time)| **time);
    let mut out = "\n RUN  v3.2.7 /work\n\n".to_owned();
    for (Suite { name, passed, tests }, time) in ended {
        out += &format!("stdout | {name} > prints\nit took 12ms\n\n");
        let (symbol, failed) = if *passed { ("✓", "") } else { ("❯", " | 1 failed") };
        out += &format!(" {symbol} {name} ({tests} tests{failed}) {time}ms\n");
        if !passed {
            out += &format!("   × bad {time}ms\n     → message\n");
        }
        if !passed || *time > 300 {
            out += &format!("   ✓ good{}{time}ms\n", if *time > 300 { "  " } else { " " });
        }
    }
    let failed = suites.iter().filter(|suite| !suite.passed).count();
    out += &format!("\n Test Files  {failed} failed | {} passed ({})\n", suites.len() - failed, suites.len());
    let (time, second) = (times[0], times[0] % 60);
    out + &format!("   Start at  12:00:{second:02}\n   Duration  {time}ms (setup 0ms, tests {second}.{second:02}s)\n")
}

fn npm_output(suites: &[Suite], times: &[u32]) -> String {
    let time = times[0];
    let spent = if time < 500 { format!("{time}ms") } else { format!("{}s", time / 100) };
    let (added, audited) = (suites[0].tests, suites.len());
    format!("\nadded {added} packages, and audited {audited} packages in {spent}\n\nfound 0 vulnerabilities\n")
}

fn times() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..4000u32, 6)
}

proptest! {
    #[test]
    fn only_times_differ_then_equal(suites in suites(), first in times(), second in times()) {
        for (name, output) in [("go-test", go_output as fn(&_, &_) -> _), ("vitest", vitest_output), ("npm-ci", npm_output)] {
            let normalizer = by_name(name).unwrap();
            prop_assert_eq!(
                String::from_utf8(normalizer.apply(output(&suites, &first).as_bytes())).unwrap(),
                String::from_utf8(normalizer.apply(output(&suites, &second).as_bytes())).unwrap()
            );
        }
    }

    #[test]
    fn a_name_a_verdict_or_a_count_differs_then_different(
        suites in suites(), pick in any::<prop::sample::Index>(), what in 0..3u8, first in times(), second in times(),
    ) {
        let mut changed = suites.clone();
        let suite = pick.get_mut(&mut changed);
        match what {
            0 => suite.name.push('x'),
            1 => suite.passed = !suite.passed,
            _ => suite.tests += 1,
        }
        for (name, output) in [("go-test", go_output as fn(&_, &_) -> _), ("vitest", vitest_output)] {
            let normalizer = by_name(name).unwrap();
            prop_assert_ne!(
                normalizer.apply(output(&suites, &first).as_bytes()),
                normalizer.apply(output(&changed, &second).as_bytes())
            );
        }
    }

    /// Recordings with pieces cut out, doubled or foreign: nothing panics, and twice is once.
    #[test]
    fn a_torn_recording_is_no_danger(
        pick in any::<prop::sample::Index>(),
        tears in prop::collection::vec((any::<prop::sample::Index>(), 0..60usize, any::<prop::sample::Index>(), 0..60usize), 1..6),
    ) {
        let mut streams = Vec::new();
        for normalizer in all() {
            streams.extend(recorded(normalizer.name()).into_values().flatten().map(|run| (normalizer, run)));
        }
        let (normalizer, mut stream) = streams[pick.index(streams.len())].clone();
        for (at, length, from, taken) in tears {
            let (at, from) = (at.index(stream.len() + 1), from.index(stream.len() + 1));
            let piece = stream[from..(from + taken).min(stream.len())].to_vec();
            stream.splice(at..(at + length).min(stream.len()), piece);
        }
        let once = normalizer.apply(&stream);
        let twice = normalizer.apply(&once);
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once), "{:?}", normalizer);
    }

    /// Shuffled lines of every tool's output, with arbitrary bytes between: nothing panics, and twice is once.
    #[test]
    fn twice_is_once(picks in prop::collection::vec((any::<prop::sample::Index>(), prop::option::weighted(0.2, any::<Vec<u8>>())), 0..40)) {
        let lines = &*LINES;
        let mut stream = Vec::new();
        for (pick, noise) in &picks {
            stream.extend_from_slice(&lines[pick.index(lines.len())]);
            stream.extend_from_slice(noise.as_deref().unwrap_or_default());
        }
        for normalizer in all() {
            let once = normalizer.apply(&stream);
            prop_assert_eq!(normalizer.apply(&once), once);
        }
    }
}
