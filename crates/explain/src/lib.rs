//! Tier 1: why two runs of one thing differ, byte by byte.
//!
//! [`explain`] takes two versions of a file or stream and gives every difference with its class, the reason for the class and,
//! where one is known, what would remove it. It is pure: bytes in, explanations out. Containers (archives, compressed files,
//! programs, images, JSON) are opened, and what is in them is explained in turn; a place inside one is written
//! `out.tar!/a/b`.
//!
//! The one rule above all others: what cannot be told with a reason is [`DifferenceClass::Real`](rcrepro_model::why::difference::DifferenceClass::Real).
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]
#![warn(clippy::expect_used)]

pub use budget::{Budget, WORK};

use rcrepro_model::why::difference::Explained;

mod budget;
mod formats;
mod lines;

use crate::formats::ar;
use crate::formats::binary;
use crate::formats::compressed;
use crate::formats::elf;
use crate::formats::json;
use crate::formats::pyc;
use crate::formats::tar;
use crate::formats::zip;
use crate::lines::text;
use rcrepro_shell::{ShellDialect, ShellTokenKind};

/// How deep containers are opened.
const DEPTH: u32 = 8;
/// The most bytes that a container may unpack to: 1 GiB. Beyond it, it is compared as it is.
const UNPACKED: u64 = 1 << 30;

/// What is known of the command whose output is explained.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The exact shell line; empty when unknown.
    pub line: &'a str,
    /// What is left of the work that may be done; none for as much as it takes.
    budget: Option<&'a Budget>,
}

impl<'a> Hints<'a> {
    /// Knows the exact shell line.
    #[must_use]
    pub const fn of(line: &'a str) -> Self {
        Self { line, budget: None }
    }

    /// Lets explanations take no more work than a budget has.
    #[must_use]
    pub const fn within(self, budget: &'a Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Spends work before it is done; what does not fit must not be done.
    fn spend(&self, work: u64) -> bool {
        self.budget.is_none_or(|budget| budget.spend(work))
    }

    /// Whether one of the programs is in the line as a word of its own.
    #[must_use]
    pub fn runs(&self, programs: &[&str]) -> bool {
        let mut words = self.line.split(|c: char| c.is_whitespace() || ";|&()`\"'".contains(c));
        words.any(|word| programs.contains(&word.rsplit('/').next().unwrap_or(word)))
    }

    /// Whether the line is one call of the program and nothing else.
    #[must_use]
    pub fn alone(&self, program: &str) -> bool {
        let mut name = None;
        for token in rcrepro_shell::tokens(self.line.trim(), ShellDialect::Shell) {
            match token.kind {
                ShellTokenKind::Word(word) if word.substitutions.is_empty() => name = name.or(Some(word.text)),
                ShellTokenKind::Redirection(to) if to.target.substitutions.is_empty() => {}
                ShellTokenKind::Blank | ShellTokenKind::Comment => {}
                _ => return false,
            }
        }
        name.is_some_and(|name| name.rsplit('/').next() == Some(program))
    }
}

/// Explains how two versions of a file or stream differ; equal ones give nothing. `at` names the place. What would take more
/// than [`WORK`], or the budget of the hints, ends in one [cut](Explained::is_cut) difference.
#[must_use]
pub fn explain(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>) -> Vec<Explained> {
    let budget = Budget::new(WORK);
    let hints = if hints.budget.is_some() { *hints } else { hints.within(&budget) };
    within(at, left, right, &hints, DEPTH)
}

/// Explains two versions that were found so many containers deep.
fn within(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>, depth: u32) -> Vec<Explained> {
    if left == right {
        return Vec::new();
    }
    let opened = if depth == 0 { None } else { open(at, left, right, hints, depth - 1) };
    if let Some(found) = opened.filter(|found| !found.is_empty()) {
        return found;
    }
    match (as_text(left), as_text(right)) {
        (Some(l), Some(r)) => text::explain_text(at, l, r, hints),
        _ => binary::explain_binary(at, left, right, hints),
    }
}

/// Opens both versions when they are containers of one format; `None` when they are not, or cannot be read.
fn open(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>, depth: u32) -> Option<Vec<Explained>> {
    let both = |magic: &[u8]| left.starts_with(magic) && right.starts_with(magic);
    if both(b"\x1f\x8b") || both(b"\xfd7zXZ\0") || both(b"\x28\xb5\x2f\xfd") {
        return compressed::explain_compressed(at, left, right, hints, depth);
    }
    if both(b"PK\x03\x04") || both(b"PK\x05\x06") {
        return zip::explain_zip(at, left, right, hints, depth);
    }
    if both(b"!<arch>\n") {
        return ar::explain_ar(at, left, right, hints, depth);
    }
    if both(b"\x7fELF") {
        return elf::explain_elf(at, left, right, hints);
    }
    if tar::is_tar(left) && tar::is_tar(right) {
        return tar::explain_tar(at, left, right, hints, depth);
    }
    if pyc::is_pyc(left) && pyc::is_pyc(right) {
        return Some(pyc::explain_pyc(at, left, right, hints));
    }
    let json = |bytes: &[u8]| bytes.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['));
    if json(left) && json(right) {
        return json::explain_json(at, left, right, hints);
    }
    None
}

/// Returns bytes as text, when they are UTF-8 without NUL.
fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::Hints;

    #[test]
    fn a_line_is_one_call_where_a_shell_starts_one_program() {
        for line in ["date", " date -u ", "/bin/date '+%s; %N'", "date > out # when; pwd", "date \\\n  -u"] {
            assert!(Hints::of(line).alone("date"), "{line}");
        }
        for line in
            ["", "# date", "date; pwd", "date | cat", "pwd && date", "date $(pwd)", "date > `pwd`", "TZ=UTC date"]
        {
            assert!(!Hints::of(line).alone("date"), "{line}");
        }
    }
}
