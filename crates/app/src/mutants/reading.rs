//! What a gate says, and what that makes of a mutant.

use std::collections::BTreeMap;

use rcrepro_model::plan::mutant::MutantOutcome;
use rcrepro_model::standing::Standing;

/// The longest line of evidence that is shown, in characters.
const LONGEST: usize = 160;

/// The verdict of a gate on one source, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) verdict: GateVerdict,
    /// Why, in a line.
    pub(crate) says: String,
    /// Its evidence: `stdout` and `stderr` of a command, else `findings`.
    pub(crate) evidence: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateVerdict {
    /// All is well.
    Green,
    /// Something is wrong, says the gate itself.
    Red,
    /// The gate is not green, and not by a verdict of its own: it could not do its work.
    Broken,
}

impl From<Standing> for GateVerdict {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Passed => Self::Green,
            Standing::Undecided => Self::Broken,
            Standing::Failed | Standing::Tampered => Self::Red,
        }
    }
}

impl Reading {
    /// Finds the first line of the evidence that holds a text.
    fn line_with(&self, text: &str) -> Option<String> {
        line_with(self.evidence.values().map(Vec::as_slice), text)
    }

    fn holds(&self, text: &str) -> bool {
        holds(self.evidence.values().map(Vec::as_slice), text)
    }
}

/// Finds the first line of some evidence that holds a text, as records keep it.
pub(crate) fn line_with<'a>(evidence: impl IntoIterator<Item = &'a [u8]>, text: &str) -> Option<String> {
    evidence.into_iter().find_map(|bytes| {
        let stream = String::from_utf8_lossy(bytes);
        stream.lines().find(|line| line.contains(text)).map(shortened)
    })
}

/// Whether any of the evidence holds a text.
pub(crate) fn holds<'a>(evidence: impl IntoIterator<Item = &'a [u8]>, text: &str) -> bool {
    evidence.into_iter().any(|bytes| String::from_utf8_lossy(bytes).contains(text))
}

fn shortened(line: &str) -> String {
    let plain = uncoloured(line.trim());
    let mut short: String = plain.chars().take(LONGEST).collect();
    if plain.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

/// Takes colours (`ESC [ … m` and its kin) and other control characters out of a line.
fn uncoloured(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            // A sequence ends with its first letter.
            if rest.next() == Some('[') {
                while rest.next().is_some_and(|letter| !letter.is_ascii_alphabetic()) {}
            }
        } else if letter == '\t' {
            plain.push(' ');
        } else if !letter.is_control() {
            plain.push(letter);
        }
    }
    plain
}

/// Judges a mutant by what its gate said without it and with it. Gives the outcome, and the line that shows it or the reason.
#[must_use]
pub(crate) fn judge(control: &Reading, mutated: &Reading, shows: &[String]) -> (MutantOutcome, String) {
    if control.verdict != GateVerdict::Green {
        return (MutantOutcome::Undecided, format!("the gate is not green without the mutant: {}", control.says));
    }
    let Some(first) = shows.first() else {
        return (MutantOutcome::Undecided, "nothing is said to show the mutant".to_owned());
    };
    if let Some(text) = shows.iter().find(|text| control.holds(text)) {
        return (
            MutantOutcome::Undecided,
            format!("the evidence holds `{text}` without the mutant, too: it shows nothing"),
        );
    }
    match mutated.verdict {
        GateVerdict::Green => (MutantOutcome::Survived, mutated.says.clone()),
        GateVerdict::Broken => (MutantOutcome::ByAccident, format!("no verdict of the gate's: {}", mutated.says)),
        GateVerdict::Red => match shows.iter().find(|text| !mutated.holds(text)) {
            Some(text) => (MutantOutcome::ByAccident, format!("{}; the evidence does not show `{text}`", mutated.says)),
            None => {
                let line = mutated.line_with(first).unwrap_or_else(|| first.clone());
                (MutantOutcome::Caught, format!("{}: {line}", mutated.says))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(verdict: GateVerdict, stdout: &str) -> Reading {
        let evidence = std::iter::once(("stdout".to_owned(), stdout.as_bytes().to_vec())).collect();
        Reading { verdict, says: "exit code".into(), evidence }
    }

    #[test]
    fn red_is_caught_only_by_the_gates_own_verdict_and_for_the_seed() {
        use GateVerdict::{Broken, Green, Red};
        let shows = ["--- FAIL: TestSeeded".to_owned()];
        let of = |control: (GateVerdict, &str), mutated: (GateVerdict, &str)| {
            judge(&reading(control.0, control.1), &reading(mutated.0, mutated.1), &shows)
        };
        let seen = "x\n  --- FAIL: TestSeeded (0.00s)\n";
        let caught = (MutantOutcome::Caught, "exit code: --- FAIL: TestSeeded (0.00s)".to_owned());
        assert_eq!(of((Green, "ok"), (Red, seen)), caught);
        for (control, mutated, expected) in [
            ((Green, "ok"), (Green, seen), MutantOutcome::Survived),
            ((Green, "ok"), (Red, "--- FAIL: TestOther"), MutantOutcome::ByAccident),
            ((Green, "ok"), (Broken, seen), MutantOutcome::ByAccident),
            ((Red, "ok"), (Red, seen), MutantOutcome::Undecided),
            ((Broken, "ok"), (Red, seen), MutantOutcome::Undecided),
            ((Green, seen), (Red, seen), MutantOutcome::Undecided),
        ] {
            assert_eq!(of(control, mutated).0, expected, "{control:?} {mutated:?}");
        }
        assert_eq!(judge(&reading(Green, ""), &reading(Red, ""), &[]).0, MutantOutcome::Undecided, "nothing shows it");
    }

    #[test]
    fn lines_are_shown_without_colours_and_not_whole() {
        assert_eq!(
            shortened(" \u{1b}[90m10:44AM\u{1b}[0m \u{1b}[1mleaks\tfound: 1\u{1b}[0m "),
            "10:44AM leaks found: 1"
        );
        assert_eq!(shortened(&"x".repeat(200)).chars().count(), LONGEST + 1);
    }
}
