//! What may vary, told a second time: the `free.txt` beside a normalizer's recorded runs.
//!
//! The normalizer itself is never asked what it may touch. A person writes it down again, in patterns over whole lines
//! that share no code with the grammar under test; whatever no pattern names must count. One directive a line, the rest
//! of the line is a pattern (a `#` begins a comment line):
//!
//! ```text
//! place PATTERN   what `@`, `^`, `%` and `~` match in such a line may change
//! every PATTERN   the same, wherever in a line the pattern begins and ends
//! line PATTERN    such a line may come and go
//! twice PATTERN   such a line may appear twice
//! lane PATTERN    two such lines next to each other may change places if what `$` and `&` match differs
//! same CASE       the recorded runs of this case are equal byte for byte
//! keep PATTERN    in such a line nothing may change, whatever else fits it
//! json            white space outside strings may change
//! ```
//!
//! In a pattern `@` is a run of decimal digits, `^` one of digits and points, `%` a run of ASCII letters, `*` and `~` any
//! text, `$` a text without white space and quotes, `&` any text that is compared as `$` is; `\t` is a tab, `\e` the
//! escape byte, `\` before another byte that byte. All else is itself.

use std::path::Path;

/// What a normalizer's outputs may do without a trace.
#[derive(Default)]
pub(super) struct Freedom {
    places: Vec<Pattern>,
    every: Vec<Pattern>,
    lines: Vec<Pattern>,
    twice: Vec<Pattern>,
    lanes: Vec<Pattern>,
    keeps: Vec<Pattern>,
    same: Vec<String>,
    json: bool,
}

impl Freedom {
    /// Reads `free.txt` in a folder; without one nothing is free.
    pub(super) fn read(folder: &Path) -> Self {
        let Ok(text) = std::fs::read_to_string(folder.join("free.txt")) else { return Self::default() };
        let mut freedom = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("place", pattern) => freedom.places.push(Pattern::read(pattern)),
                ("every", pattern) => freedom.every.push(Pattern::read(pattern)),
                ("twice", pattern) => freedom.twice.push(Pattern::read(pattern)),
                ("line", pattern) => freedom.lines.push(Pattern::read(pattern)),
                ("lane", pattern) => freedom.lanes.push(Pattern::read(pattern)),
                ("keep", pattern) => freedom.keeps.push(Pattern::read(pattern)),
                ("same", case) => freedom.same.push(case.to_owned()),
                ("json", "") => freedom.json = true,
                _ => panic!("{}: no directive: {line}", folder.display()),
            }
        }
        freedom
    }

    /// Whether a case's recorded runs are equal byte for byte.
    pub(super) fn is_same(&self, case: &str) -> bool {
        self.same.iter().any(|same| same == case)
    }

    /// Marks the bytes of a stream that may change without a trace.
    pub(super) fn places(&self, stream: &[u8]) -> Vec<bool> {
        let mut free = if self.json { json_blanks(stream) } else { vec![false; stream.len()] };
        let mut start = 0;
        for line in stream.split_inclusive(|&byte| byte == b'\n') {
            let kept = self.keeps.iter().any(|pattern| pattern.fit(text(line)).is_some());
            let whole = self.places.iter().filter_map(|pattern| pattern.fit(text(line)));
            let begun =
                (0..line.len()).flat_map(|at| self.every.iter().filter_map(move |one| one.begin(text(line), at)));
            for (from, to) in whole.chain(begun).filter(|_| !kept).flat_map(|found| found.free) {
                free[start + from..start + to].fill(true);
            }
            if self.may_go(line) {
                free[start..start + line.len()].fill(true);
            }
            start += line.len();
        }
        free
    }

    /// Whether a line may come and go.
    pub(super) fn may_go(&self, line: &[u8]) -> bool {
        self.lines.iter().any(|pattern| pattern.fit(text(line)).is_some())
    }

    /// Whether a line may appear twice.
    pub(super) fn may_double(&self, line: &[u8]) -> bool {
        self.may_go(line) || self.twice.iter().any(|pattern| pattern.fit(text(line)).is_some())
    }

    /// Whether two adjacent lines may change places.
    pub(super) fn may_swap(&self, first: &[u8], second: &[u8]) -> bool {
        let lane = |line: &[u8]| self.lanes.iter().find_map(|lane| lane.fit(text(line))).map(|found| found.keys);
        self.may_go(first)
            || self.may_go(second)
            || (self.json && first.trim_ascii() == second.trim_ascii())
            || matches!((lane(first), lane(second)), (Some(a), Some(b)) if a != b)
    }
}

fn text(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Marks white space outside of strings.
fn json_blanks(stream: &[u8]) -> Vec<bool> {
    let (mut inside, mut escaped) = (false, false);
    let blank = |&byte: &u8| {
        let free = !inside && byte.is_ascii_whitespace();
        if byte == b'"' && !escaped {
            inside = !inside;
        }
        escaped = inside && byte == b'\\' && !escaped;
        free
    };
    stream.iter().map(blank).collect()
}

enum Piece {
    Byte(u8),
    Digits,
    Number,
    Letters,
    Text { free: bool },
    Key { any: bool },
}

struct Pattern(Vec<Piece>);

/// What a pattern found in a line.
#[derive(Default)]
struct Found {
    free: Vec<(usize, usize)>,
    keys: Vec<Vec<u8>>,
}

impl Pattern {
    fn read(pattern: &str) -> Self {
        let mut bytes = pattern.bytes();
        let mut pieces = Vec::new();
        while let Some(byte) = bytes.next() {
            pieces.push(match byte {
                b'@' => Piece::Digits,
                b'^' => Piece::Number,
                b'%' => Piece::Letters,
                b'*' => Piece::Text { free: false },
                b'~' => Piece::Text { free: true },
                b'$' => Piece::Key { any: false },
                b'&' => Piece::Key { any: true },
                b'\\' => Piece::Byte(match bytes.next().expect("a byte after the backslash") {
                    b't' => b'\t',
                    b'e' => 0x1b,
                    other => other,
                }),
                other => Piece::Byte(other),
            });
        }
        Self(pieces)
    }

    /// Fits the pattern to a whole line.
    fn fit(&self, line: &[u8]) -> Option<Found> {
        let mut found = Found::default();
        fit(&self.0, line, 0, true, &mut found).then_some(found)
    }

    /// Fits the pattern to what begins at `at`, whatever follows it.
    fn begin(&self, line: &[u8], at: usize) -> Option<Found> {
        let mut found = Found::default();
        fit(&self.0, line, at, false, &mut found).then_some(found)
    }
}

/// Fits the pieces to the text from `at` on, to the line's end if `whole`; texts take as little as they can.
fn fit(pieces: &[Piece], line: &[u8], at: usize, whole: bool, found: &mut Found) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return !whole || at == line.len() };
    let run = |fits: fn(&u8) -> bool| line[at..].iter().take_while(|byte| fits(byte)).count();
    let (shortest, longest) = match piece {
        Piece::Byte(byte) => return line.get(at) == Some(byte) && fit(rest, line, at + 1, whole, found),
        Piece::Digits => (run(u8::is_ascii_digit).max(1), run(u8::is_ascii_digit)),
        Piece::Number => {
            let length = run(|byte| byte.is_ascii_digit() || *byte == b'.');
            (length.max(1), length)
        }
        Piece::Letters => (run(u8::is_ascii_alphabetic).max(1), run(u8::is_ascii_alphabetic)),
        Piece::Text { .. } | Piece::Key { any: true } => (0, line.len() - at),
        Piece::Key { any: false } => (1, run(|byte| !byte.is_ascii_whitespace() && *byte != b'"')),
    };
    for length in shortest..=longest {
        let (free, keys) = (found.free.len(), found.keys.len());
        match piece {
            Piece::Key { .. } => found.keys.push(line[at..at + length].to_vec()),
            Piece::Text { free: false } => {}
            _ => found.free.push((at, at + length)),
        }
        if fit(rest, line, at + length, whole, found) {
            return true;
        }
        found.free.truncate(free);
        found.keys.truncate(keys);
    }
    false
}

#[test]
fn patterns_find_places_and_keys() {
    let found = Pattern::read("*--- %: $ (@.@s)").fit(b"  --- PASS: T/took_(0.02s) (0.10s)").expect("it fits");
    assert_eq!(found.keys, [b"T/took_(0.02s)".to_vec()]);
    assert_eq!(found.free, [(6, 10), (28, 29), (30, 32)]);
    assert!(Pattern::read("in @ms").fit(b"in 12ms.").is_none());
    assert!(Pattern::read("\\@\\t~").fit(b"@\tx").is_some_and(|found| found.free == [(2, 3)]));
    assert_eq!(json_blanks(br#" {"a \" b": 1}"#).iter().filter(|free| **free).count(), 2);
}
