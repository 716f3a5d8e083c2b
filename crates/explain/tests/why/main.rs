//! `why` over the prepared differences of `cases.tsv`: every pair was really produced by tools (`prepare.sh`), and the class
//! that it ought to have was written down before.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rcrepro_archive::tar::reader::TarReader;
use rcrepro_explain::{Hints, explain};
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// The cases that may be wrong, of every 30: two.
const WRONG_OF_30: usize = 2;

struct Case {
    name: String,
    expected: BTreeSet<String>,
    line: String,
    folder: PathBuf,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why");
    let table = std::fs::read_to_string(folder.join("cases.tsv")).expect("the table is committed");
    let case = |row: &str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, _kind, expected, line] = cells[..] else { panic!("a row of four: {row}") };
        let expected = expected.split(',').map(str::to_owned).collect();
        Case { name: name.to_owned(), expected, line: line.to_owned(), folder: folder.join("cases").join(name) }
    };
    table.lines().skip(1).map(case).collect()
}

impl Case {
    /// Reads the pair; a large one lies compressed.
    fn pair(&self) -> [Vec<u8>; 2] {
        if let (Ok(a), Ok(b)) = (std::fs::read(self.folder.join("a")), std::fs::read(self.folder.join("b"))) {
            return [a, b];
        }
        let file = std::fs::File::open(self.folder.join("pair.tar.xz")).expect("the pair is committed");
        let mut stream = rcrepro_compression::xz(file);
        let mut archive = TarReader::new(&mut stream);
        let mut found = Vec::new();
        while archive.next_entry().expect("an archive").is_some() {
            let mut content = Vec::new();
            archive.read_to_end(&mut content).expect("read");
            found.push(content);
        }
        found.try_into().expect("two entries")
    }

    fn explain(&self) -> Vec<Explained> {
        let [a, b] = self.pair();
        assert_ne!(a, b, "{} is a difference", self.name);
        explain(&self.name, &a, &b, &Hints::of(&self.line))
    }
}

fn classes(found: &[Explained]) -> BTreeSet<String> {
    found.iter().filter(|one| !one.follows).map(|one| one.class.to_string()).collect()
}

#[test]
fn prepared_differences_have_the_class_of_their_cause() {
    let cases = cases();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    let mut wrong = Vec::new();
    println!("| case | command | cause put in | classes found | differences | |\n|---|---|---|---|---|---|");
    for case in &cases {
        let found = case.explain();
        let classes = classes(&found);
        let right = classes == case.expected;
        if !right {
            wrong.push(case.name.as_str());
        }
        let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let line = case.line.replace('|', "\\|");
        let (expected, got, mark) = (join(&case.expected), join(&classes), if right { "right" } else { "**wrong**" });
        println!("| {} | `{line}` | {expected} | {got} | {} | {mark} |", case.name, found.len());
    }
    println!("\n{} of {} right; wrong: {wrong:?}", cases.len() - wrong.len(), cases.len());
    assert!(wrong.len() * 30 <= WRONG_OF_30 * cases.len(), "wrong: {wrong:?}");
}

#[test]
fn nothing_real_is_called_benign() {
    for case in cases().iter().filter(|case| case.expected.contains("real")) {
        assert!(classes(&case.explain()).contains("real"), "{}", case.name);
    }
}

#[test]
fn every_class_but_real_says_how_it_is_removed() {
    for case in cases() {
        for one in case.explain().iter().filter(|one| one.class != DifferenceClass::Real && !one.follows) {
            assert!(!one.cause.is_empty() && one.remedy.is_some(), "{}: {one:?}", case.name);
        }
    }
}

#[test]
fn the_other_way_round_is_the_same() {
    for case in cases() {
        let [a, b] = case.pair();
        let hints = Hints::of(&case.line);
        let [one, other] = [explain("x", &a, &b, &hints), explain("x", &b, &a, &hints)];
        assert_eq!(classes(&one), classes(&other), "{}", case.name);
    }
}

/// Damaged files of every format give an answer, and never nothing: the classifier reads what strangers made.
#[test]
fn damaged_bytes_are_explained_too() {
    // Places that look random and are the same in every run, so that a failure can be looked at.
    let mut state = 12_345_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below.max(1)
    };
    for case in cases() {
        let [a, b] = case.pair();
        if a.len() > 40_000 {
            continue;
        }
        for round in 0..20 {
            let mut damaged = b.clone();
            for _ in 0..=round % 4 {
                let at = next(damaged.len());
                if let Some(byte) = damaged.get_mut(at) {
                    *byte = [0xff, 0, b' ', u8::try_from(round).expect("small")][next(4)];
                }
            }
            match round % 7 {
                0 => damaged.truncate(next(damaged.len())),
                1 => {
                    let at = next(damaged.len());
                    drop(damaged.splice(at..at, "é\u{a0}—".bytes()).collect::<Vec<_>>());
                }
                _ => {}
            }
            let found = explain("x", &a, &damaged, &Hints::of(&case.line));
            assert_eq!(found.is_empty(), a == damaged, "{} round {round}", case.name);
        }
    }
}
