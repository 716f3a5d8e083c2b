//! The report `--report-format json`: the order of its findings.

use serde_json::Value;

use crate::normalizer::Normalizer;
use crate::syntax::json;

/// The normalizer `gitleaks-json`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-json", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be one JSON array of objects, each with the strings "RuleID", "File" and "Fingerprint"; no key twice in
an object, integers within 2^53, other numbers below that, too. Else every byte stays.
Each object becomes RFC 8785 bytes; they are sorted (bytes) and written one a line: "[" LF OBJECT { "," LF OBJECT } LF "]"
LF; no object at all is "[]" LF. Nothing is dropped and no value is changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    canonical(stream).unwrap_or_else(|| stream.to_vec())
}

fn canonical(stream: &[u8]) -> Option<Vec<u8>> {
    let Value::Array(findings) = json::value(stream)? else { return None };
    let is_finding = |finding: &Value| {
        ["RuleID", "File", "Fingerprint"].iter().all(|key| finding.get(key).is_some_and(Value::is_string))
    };
    if !findings.iter().all(is_finding) {
        return None;
    }
    let mut lines: Vec<Vec<u8>> = findings.iter().map(json::canonical).collect::<Option<_>>()?;
    lines.sort_unstable();
    if lines.is_empty() {
        return Some(b"[]\n".to_vec());
    }
    Some([b"[\n", lines.join(&b",\n"[..]).as_slice(), b"\n]\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_findings_stays() {
        assert_eq!(apply(b"[]"), b"[]\n");
        for stream in ["[1]", "{}", "[{\"RuleID\":\"a\",\"File\":\"b\"}]", "[]x", "not json"] {
            assert_eq!(String::from_utf8_lossy(&apply(stream.as_bytes())), stream);
        }
    }
}
