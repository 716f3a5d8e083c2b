//! `-format openvex`: the time at which the document was written.

use crate::normalizer::Normalizer;
use crate::syntax::token::{TIME, map_lines};

/// The normalizer `govulncheck-openvex`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "govulncheck-openvex", version: 1, rules: RULES, apply };

const RULES: &str = r#"Each line is looked at alone. Where a whole line fits time-line, its WHEN becomes "<time>". Nothing else changes; no line
is dropped or moved.
time-line = "  " QUOTE ( "timestamp" | "last_updated" ) QUOTE ": " QUOTE WHEN QUOTE ","
WHEN      = 4 DIGIT "-" one or more of the characters 0 to 9 and "-:.TZ+"
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    map_lines(stream, |line, out| {
        let Some(before) = time_line(line) else { return false };
        for piece in [before, TIME, b"\","] {
            out.extend_from_slice(piece);
        }
        true
    })
}

/// Returns the text before the time.
fn time_line(line: &[u8]) -> Option<&[u8]> {
    let keys: [&[u8]; 2] = [b"  \"timestamp\": \"", b"  \"last_updated\": \""];
    let when = keys.iter().find_map(|key| line.strip_prefix(*key))?;
    let time = when.strip_suffix(b"\",")?;
    let year = time.len() > 5 && time[..4].iter().all(u8::is_ascii_digit) && time[4] == b'-';
    let fits = year && time.iter().all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(byte));
    (fits || time == TIME).then(|| &line[..line.len() - when.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documents_own_time_goes() {
        let raw = b"{\n  \"timestamp\": \"2026-11-23T00:32:21.7Z\",\n    \"timestamp\": \"2026-01-01\",\n  \"timestamp\": \"noon\",\n";
        let expected =
            b"{\n  \"timestamp\": \"<time>\",\n    \"timestamp\": \"2026-01-01\",\n  \"timestamp\": \"noon\",\n";
        assert_eq!(apply(raw), expected);
    }
}
