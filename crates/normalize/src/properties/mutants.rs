//! Systematic mutants of recorded runs: whatever `free.txt` does not name must change the canonical bytes.
//!
//! Of the first run of every case: each number, each word, each verdict turned into its opposite, each other byte, each
//! line taken away, doubled, and put behind its neighbour. New normalizers and new recordings come in by themselves.
//! `RCREPRO_MUTANTS=all cargo test -p rcrepro-normalize mutants_are_caught -- --nocapture` prints the table of
//! docs/guide/normalizers.md;
//! without the variable a long recording gets a part of its mutants, evenly spread, so that the test stays quick.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::freedom::Freedom;
use super::{folder, recorded};
use crate::{Normalizer, all};

/// How many mutants of one kind a case gets at most; from a longer recording every n-th one is taken.
const AT_MOST: usize = 300;

/// Words that turn a verdict round.
const OPPOSITES: [(&str, &str); 12] = [
    ("PASS", "FAIL"),
    ("ok", "FAIL"),
    ("pass", "fail"),
    ("passed", "failed"),
    ("skipped", "passed"),
    ("SKIP", "PASS"),
    ("true", "false"),
    ("error", "warning"),
    ("affected", "not_affected"),
    ("high", "low"),
    ("no", "3"),
    ("✓", "×"),
];

/// One change to a recorded run.
struct Mutant {
    kind: &'static str,
    from: usize,
    to: usize,
    by: Vec<u8>,
}

impl Mutant {
    fn apply(&self, stream: &[u8]) -> Vec<u8> {
        [&stream[..self.from], &self.by, &stream[self.to..]].concat()
    }
}

#[test]
fn mutants_are_caught() {
    let mut survivors = Vec::new();
    println!("| normalizer | cases | runs | mutants tried | caught |\n| --- | ---: | ---: | ---: | ---: |");
    for normalizer in all() {
        let (freedom, cases) = (Freedom::read(&folder(normalizer.name())), recorded(normalizer.name()));
        let runs: usize = cases.values().map(|runs| runs.len() - 1).sum();
        let mut tried = 0;
        let mut survived = 0;
        for (case, runs) in &cases {
            let (mutants, alive) = hunt(normalizer, &runs[0], &freedom);
            tried += mutants;
            survived += alive.len();
            survivors.extend(alive.into_iter().map(|mutant| format!("{normalizer:?} {case}: {mutant}")));
        }
        println!("| {normalizer:?} | {} | {runs} | {tried} | {} |", cases.len(), tried - survived);
        assert!(tried > 0, "{normalizer:?} has nothing that counts");
    }
    survivors.truncate(40);
    assert!(survivors.is_empty(), "mutants survive:\n{}", survivors.join("\n"));
}

/// Tries every mutant of a stream; returns how many there were, and those that left no trace.
fn hunt(normalizer: &Normalizer, stream: &[u8], freedom: &Freedom) -> (usize, Vec<String>) {
    let canonical = normalizer.apply(stream);
    let mut kinds: BTreeMap<&str, Vec<Mutant>> = BTreeMap::new();
    for mutant in tokens(stream, freedom).into_iter().chain(lines(stream, freedom)) {
        kinds.entry(mutant.kind).or_default().push(mutant);
    }
    let at_most = if std::env::var_os("RCREPRO_MUTANTS").is_some() { usize::MAX } else { AT_MOST };
    let picked: Vec<&Mutant> =
        kinds.values().flat_map(|mutants| mutants.iter().step_by(mutants.len().div_ceil(at_most))).collect();
    let alive = picked
        .par_iter()
        .filter(|mutant| normalizer.apply(&mutant.apply(stream)) == canonical)
        .map(|mutant| {
            let near = &stream[mutant.from..mutant.to.min(mutant.from + 160)];
            let (near, by) = (String::from_utf8_lossy(near), String::from_utf8_lossy(&mutant.by));
            format!("{} at byte {}: {near:?} to {:?}", mutant.kind, mutant.from, by.get(..160).unwrap_or(&by))
        })
        .collect();
    (picked.len(), alive)
}

/// Numbers, words and single other bytes, where no byte of them is free.
fn tokens(stream: &[u8], freedom: &Freedom) -> Vec<Mutant> {
    let free = freedom.places(stream);
    let mut mutants = Vec::new();
    let mut from = 0;
    while from < stream.len() {
        let run = |fits: fn(&u8) -> bool| stream[from..].iter().take_while(|byte| fits(byte)).count();
        let (digits, letters) = (run(u8::is_ascii_digit), run(u8::is_ascii_alphabetic));
        let to = from + digits.max(letters).max(1);
        let token = &stream[from..to];
        let mut mutant = |kind, by: Vec<u8>| {
            if by != token {
                mutants.push(Mutant { kind, from, to, by });
            }
        };
        let last = token[token.len() - 1];
        let counts = !free[from..to].contains(&true);
        if counts && digits > 0 {
            mutant("number", [&token[..digits - 1], &[if last == b'9' { b'8' } else { last + 1 }]].concat());
            mutant("number", [token, b"7"].concat());
        } else if counts && letters > 0 {
            mutant("word", [token, b"x"].concat());
            mutant("word", [&[if token[0] == b'Q' { b'K' } else { b'Q' }], &token[1..]].concat());
        } else if counts {
            b"7x \n".iter().for_each(|&other| mutant("byte", vec![other]));
            mutant("byte", vec![last ^ 1]);
        }
        if counts {
            for (one, other) in OPPOSITES.iter().flat_map(|&(one, other)| [(one, other), (other, one)]) {
                if token == one.as_bytes() {
                    mutant("verdict", other.as_bytes().to_vec());
                }
            }
        }
        from = to;
    }
    mutants
}

/// Lines taken away, doubled, and put behind the line that follows them.
fn lines(stream: &[u8], freedom: &Freedom) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let mut from = 0;
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let to = from + line.len();
        if !freedom.may_go(line) {
            mutants.push(Mutant { kind: "line gone", from, to, by: Vec::new() });
        }
        if !freedom.may_double(line) {
            mutants.push(Mutant { kind: "line doubled", from, to, by: [*line, *line].concat() });
        }
        if let Some(next) = lines.get(at + 1)
            && next != line
            && !freedom.may_swap(line, next)
        {
            mutants.push(Mutant { kind: "lines swapped", from, to: to + next.len(), by: [*next, *line].concat() });
        }
        from = to;
    }
    mutants
}

/// The hunt can fail: it finds each kind of thing that a careless normalizer would hide.
#[test]
fn a_careless_normalizer_is_found_out() {
    fn sorted(stream: &[u8]) -> Vec<u8> {
        let mut lines: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
        lines.sort_unstable();
        lines.dedup();
        lines.join(&b'\n')
    }
    fn numberless(stream: &[u8]) -> Vec<u8> {
        stream.iter().copied().filter(|byte| !byte.is_ascii_digit()).collect()
    }
    fn hopeful(stream: &[u8]) -> Vec<u8> {
        String::from_utf8_lossy(stream).replace("FAIL", "PASS").into_bytes()
    }
    type Apply = fn(&[u8]) -> Vec<u8>;
    let sorted = sorted as Apply;
    let careless =
        [(numberless as Apply, "number"), (hopeful, "verdict"), (sorted, "lines swapped"), (sorted, "line doubled")];
    for (apply, kind) in careless {
        let normalizer = Normalizer { name: "careless", version: 1, rules: "", apply };
        let (_, alive) = hunt(&normalizer, b"--- PASS: TestA (12)\nok a\n", &Freedom::default());
        assert!(alive.iter().any(|mutant| mutant.starts_with(kind)), "{kind} is not found: {alive:?}");
    }
}
