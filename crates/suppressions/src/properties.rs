//! Whatever a file holds, reading it ends, soon, and without a panic.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use crate::{of_line, of_streams, tree};

const NAMES: [&str; 20] = [
    "a.go",
    "a_test.go",
    "a.test.ts",
    "a.py",
    "a.md",
    "a.rs",
    ".gitleaksignore",
    ".gitleaks.toml",
    "gitleaks-report.json",
    ".golangci.yml",
    "tsconfig.json",
    "vitest.config.ts",
    "vite.config.ts",
    ".npmrc",
    ".nsprc",
    "audit-ci.json",
    "package.json",
    "osv-scanner.toml",
    ".snyk",
    "pnpm-workspace.yaml",
];

/// Pieces that readers look for, between others.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "gitleaks:allow",
        "//nolint",
        ":",
        "// #nosec ",
        "eslint-disable",
        "/*",
        "*/",
        "\n",
        " ",
        "t.Skip(",
        "it.skip(",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "exclude:",
        "- ",
        "- a:\n",
        "#",
        "//go:build ",
        "@ts-ignore",
        "func (",
        "ä",
        "\u{1b}",
        "--",
        "=",
        "xit(",
        "# noqa",
        "coverage:",
        "\\",
        "`",
        "é#nosec ",
        "G",
        "--- SKIP: ",
        "Tests ",
        "ignore:\n",
        "  ",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_fail(text in text(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for name in NAMES {
            for content in [text.as_bytes(), &bytes] {
                let read = tree::read(name, content);
                let files = BTreeMap::from([(name.to_owned(), read)]);
                for entry in tree::suppressions(&files, &BTreeSet::new()) {
                    let is_plain = !entry.silences.chars().any(char::is_control) && entry.silences.chars().count() <= 200;
                    prop_assert!(is_plain, "{:?}", entry);
                }
            }
        }
        drop(of_line("commands.x", &text));
        drop(of_streams("commands.x", [text.as_bytes(), &bytes]));
    }
}

#[test]
fn time_is_linear_in_hostile_files() {
    let hostile = [
        "gitleaks:allow ",
        "//nolint",
        "t.Skip(",
        "it.skip(",
        "exclude: [",
        "eslint-disable",
        "coverage: {",
        "- ",
        "a: ",
        "func (",
        "--- SKIP: ",
        "{\"a\":",
        "[[",
        "\"a\": 1,",
        "skip",
    ];
    for piece in hostile {
        for (name, text) in
            NAMES.iter().flat_map(|name| [(name, piece.repeat(4_000)), (name, format!("{piece}\n").repeat(4_000))])
        {
            let started = processor_time();
            let read = tree::read(name, text.as_bytes());
            drop(tree::suppressions(&BTreeMap::from([((*name).to_owned(), read)]), &BTreeSet::new()));
            let took = processor_time() - started;
            assert!(took < Duration::from_secs(4), "{name} of {piece:?}: {took:?}");
        }
        let started = processor_time();
        let text = piece.repeat(40_000);
        drop(of_streams("commands.x", [text.as_bytes(), b""]));
        assert!(processor_time() - started < Duration::from_secs(4), "{piece:?}");
    }
}

/// What this thread has computed so far, whatever else the machine does.
#[expect(clippy::disallowed_methods, reason = "the kernel writes that file")]
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts a thread's time");
    let nanoseconds = told.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds on a processor come first"))
}

/// Pieces on one line, and as many lines, of which what they are about ends nowhere.
#[test]
fn twice_the_text_takes_at_most_three_times_as_long() {
    let hostile = [
        (".gitleaksignore", "a:b:c:1\n", 20_000),
        ("a.js", "// eslint-disable-next-line a\n", 10_000),
        ("a.js", "it.skip(", 4_000),
        ("a_test.go", "t.Skip(\"", 10_000),
        ("a.go", "//nolint:a//nolint:b,", 5_000),
        (".golangci.yml", "- a:\n", 10_000),
    ];
    let long_item = |count| format!("exclude:\n- a\n{}", "  b\n".repeat(count));
    let open_lists = |count| format!("{}{}", "exclude: [".repeat(64), "'a',".repeat(count));
    let time = |name: &str, text: &str| {
        let once = || {
            let started = processor_time();
            let read = tree::read(name, text.as_bytes());
            drop(tree::suppressions(&BTreeMap::from([(name.to_owned(), read)]), &BTreeSet::new()));
            processor_time() - started
        };
        // The shortest of some is the least disturbed by what else the machine does.
        (0..5).map(|_| once()).min().unwrap_or_default()
    };
    let repeated = hostile.map(|(name, piece, count)| (name, piece.repeat(count), piece.repeat(2 * count)));
    let others = [
        (".golangci.yml", long_item(20_000), long_item(40_000)),
        ("vitest.config.ts", open_lists(5_000), open_lists(10_000)),
    ];
    for (name, once, twice) in repeated.into_iter().chain(others) {
        let (one, two) = (time(name, &once), time(name, &twice));
        assert!(two <= one * 3 + Duration::from_millis(20), "{name} of {:?}: {one:?}, then {two:?}", &once[..20]);
    }
    let read = tree::read("vitest.config.ts", open_lists(5_000).as_bytes());
    let found = tree::suppressions(&BTreeMap::from([("vitest.config.ts".to_owned(), read)]), &BTreeSet::new());
    assert_eq!(found.len(), 5_000, "what is in a list is found once");
}
