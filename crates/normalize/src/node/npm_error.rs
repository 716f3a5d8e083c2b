//! The last line of a failed npm command: only the time in the name of npm's own log file.
//!
//! Shape from npm 11's own source (`lib/utils/log-file.js`, `lib/cli/exit-handler.js`) and recorded failures of `npm ci`
//! and `npm audit`. The rest of npm's error report is the same each time.

use crate::normalizer::Normalizer;
use crate::syntax::token::{TIME, digits, map_lines};

/// The normalizer `npm-error`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "npm-error", version: 1, rules: RULES, apply };

const RULES: &str = r#"Each line is looked at alone. Where a whole line fits log-line, STAMP becomes "<time>" and nothing else changes. A line
that does not fit stays. Lines are never dropped, added or moved.
log-line = "npm error A complete log of this run can be found in: " FOLDER "/" STAMP "-debug-" DIGITS ".log"
STAMP    = 4 DIGIT "-" 2 DIGIT "-" 2 DIGIT "T" 2 DIGIT "_" 2 DIGIT "_" 2 DIGIT "_" 3 DIGIT "Z"
FOLDER   = any bytes but a line feed
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    map_lines(stream, |line, out| {
        let Some((before, after)) = log_line(line) else { return false };
        for piece in [before, TIME, after] {
            out.extend_from_slice(piece);
        }
        true
    })
}

/// Splits a log line into the parts before and after its stamp.
fn log_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const FORM: &[u8] = b"0000-00-00T00_00_00_000Z";
    let path = line.strip_prefix(b"npm error A complete log of this run can be found in: ")?;
    let name = &path[path.iter().rposition(|byte| *byte == b'/')? + 1..];
    let stamped = name.split_at_checked(FORM.len()).filter(|(stamp, _)| {
        stamp.iter().zip(FORM).all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form })
    });
    let after = stamped.map(|(_, after)| after).or_else(|| name.strip_prefix(TIME))?;
    let fits = after.strip_prefix(b"-debug-").and_then(digits) == Some(b".log");
    fits.then(|| (&line[..line.len() - name.len()], after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "npm error A complete log of this run can be found in: ";

    #[test]
    fn the_stamp_goes_and_the_folder_stays() {
        let raw = format!("npm error code 1\n{OPEN}/tmp/2026/_logs/2026-11-23T00_50_10_141Z-debug-0.log\n");
        let expected = format!("npm error code 1\n{OPEN}/tmp/2026/_logs/<time>-debug-0.log\n");
        assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), expected);
        assert_eq!(apply(expected.as_bytes()), expected.as_bytes());
    }

    #[test]
    fn what_does_not_fit_stays() {
        for line in [
            format!("{OPEN}2026-11-23T00_50_10_141Z-debug-0.log"),
            format!("{OPEN}/a/2026-11-23T00_50_10Z-debug-0.log"),
            format!("{OPEN}/a/2026-11-23T00_50_10_141Z-debug-0.log."),
            format!("{OPEN}/a/2026-11-23T00_50_10_141Z-eresolve-0.log"),
            format!("said {OPEN}/a/2026-11-23T00_50_10_141Z-debug-0.log"),
        ] {
            assert_eq!(String::from_utf8_lossy(&apply(line.as_bytes())), line);
        }
    }
}
