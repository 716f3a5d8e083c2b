//! The report `--report-format csv`: the order of its records.

use crate::normalizer::Normalizer;

/// The normalizer `gitleaks-csv`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-csv", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be records (RFC 4180, each ended by LF), the first of which begins with "RuleID,". Else every byte
stays. A line feed between quotes belongs to its record.
The records behind the first are sorted (bytes). Nothing is dropped or changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let Some(mut records) = records(stream) else { return stream.to_vec() };
    records[1..].sort_unstable();
    records.concat()
}

/// Cuts a stream into a header and records, each with its line feed.
fn records(stream: &[u8]) -> Option<Vec<&[u8]>> {
    let mut quoted = false;
    let ends = |byte: &u8| {
        // A quote inside of quotes is doubled, which turns the state twice.
        quoted ^= *byte == b'"';
        !quoted && *byte == b'\n'
    };
    let records: Vec<&[u8]> = stream.split_inclusive(ends).collect();
    let whole = records.last().is_some_and(|record| record.ends_with(b"\n")) && !quoted;
    (whole && records[0].starts_with(b"RuleID,")).then_some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_the_line_feeds_between_its_quotes() {
        let raw = b"RuleID,Match\nb,\"two\na,lines, \"\"quoted\"\"\"\na,x\n";
        assert_eq!(apply(raw), b"RuleID,Match\na,x\nb,\"two\na,lines, \"\"quoted\"\"\"\n");
    }

    #[test]
    fn what_is_no_such_report_stays() {
        for stream in [&b""[..], b"a\nc\nb\n", b"RuleID,X\nb\na", b"RuleID,X\n\"b\na\n"] {
            assert_eq!(apply(stream), stream);
        }
    }
}
