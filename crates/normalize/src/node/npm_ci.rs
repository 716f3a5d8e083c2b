//! The closing line of `npm ci` and `npm install`: only its elapsed time.
//!
//! Shapes from npm 11's own source (`lib/utils/reify-output.js`, package `ms`): the clauses `added`, `removed`, `changed`
//! and `audited` with their counts, or `up to date`, then ` in ` and a rounded duration.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, digits, digits_at_end, map_lines};

/// The normalizer `npm-ci`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "npm-ci", version: 1, rules: RULES, apply };

const RULES: &str = r#"Each line is looked at alone. Where a whole line fits closing-line, DURATION becomes "<elapsed>" and nothing else
changes. A line that does not fit stays. Lines are never dropped, added or moved.
closing-line = clause { ", " clause } " in " DURATION
clause       = "up to date" | [ "and " ] ( "added" | "removed" | "changed" | "audited" ) SPACE DIGITS SPACE ( "package" | "packages" )
DURATION     = DIGITS ( "ms" | "s" | "m" | "h" | "d" )
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    map_lines(stream, |line, out| {
        let Some(before) = closing_line(line) else { return false };
        out.extend_from_slice(before);
        out.extend_from_slice(ELAPSED);
        true
    })
}

/// Returns the text before the duration of a closing line.
fn closing_line(line: &[u8]) -> Option<&[u8]> {
    let units: [&[u8]; 5] = [b"ms", b"s", b"m", b"h", b"d"];
    // "ms" before "s": the shorter suffix would leave an "m" behind and refuse the line.
    let before = line
        .strip_suffix(ELAPSED)
        .or_else(|| units.iter().find_map(|unit| line.strip_suffix(*unit)).and_then(digits_at_end))?;
    let summary = std::str::from_utf8(before.strip_suffix(b" in ")?).ok()?;
    summary.split(", ").all(clause).then_some(before)
}

fn clause(text: &str) -> bool {
    if text == "up to date" {
        return true;
    }
    let text = text.strip_prefix("and ").unwrap_or(text);
    let verbs = ["added ", "removed ", "changed ", "audited "];
    let count = verbs.iter().find_map(|verb| text.strip_prefix(verb));
    let unit = count.and_then(|count| digits(count.as_bytes()));
    matches!(unit, Some(b" package" | b" packages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not recorded but written after npm's source: the registry at hand answers no audit.
    #[test]
    fn every_closing_line_loses_its_duration() {
        for summary in [
            "added 47 packages",
            "added 1 package",
            "up to date",
            "up to date, audited 5 packages",
            "added 47 packages, and audited 48 packages",
            "added 2 packages, removed 1 package, changed 3 packages, and audited 48 packages",
            "added 2 packages, and removed 1 package",
            "removed 1 package, and changed 2 packages",
        ] {
            for duration in ["1s", "998ms", "2m", "3h", "1d"] {
                let found = apply(format!("\n{summary} in {duration}\n\nfound 0 vulnerabilities\n").as_bytes());
                assert_eq!(
                    String::from_utf8_lossy(&found),
                    format!("\n{summary} in <elapsed>\n\nfound 0 vulnerabilities\n")
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_stays() {
        for line in [
            "added 47 packages",
            "added 47 packages in 1s.",
            "added packages in 1s",
            "added 47 modules in 1s",
            "> added 47 packages in 1s",
            "built in 1s",
            " in 1s",
            "added 47 packages in s",
            "47 packages are looking for funding",
        ] {
            assert_eq!(String::from_utf8_lossy(&apply(line.as_bytes())), line);
        }
        assert_eq!(apply(b"added 4\xff packages in 1s"), b"added 4\xff packages in 1s");
    }
}
