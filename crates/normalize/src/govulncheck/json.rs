//! `-format json`: the order of the messages.
//!
//! `govulncheck -mode convert` reads the sorted messages too, and renders text, SARIF and OpenVEX from them.

use serde_json::Value;

use crate::normalizer::Normalizer;
use crate::syntax::json;

/// The normalizer `govulncheck-json`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "govulncheck-json", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be JSON objects to its end, each with one key: "config", "progress", "SBOM", "osv" or "finding"; no key
twice in an object, integers within 2^53, other numbers below that, too. Else every byte stays.
Each object becomes one line, RFC 8785 bytes and a line feed, and the lines are sorted (bytes). Arrays keep their order,
nothing is dropped and no value is changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let messages = json::values(stream).filter(|values| values.iter().all(is_message));
    messages.and_then(|messages| json::sorted_lines(&messages)).unwrap_or_else(|| stream.to_vec())
}

fn is_message(value: &Value) -> bool {
    let keys = ["config", "progress", "SBOM", "osv", "finding"];
    value
        .as_object()
        .is_some_and(|message| message.len() == 1 && message.keys().all(|key| keys.contains(&key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sorted_and_nothing_else_is_read() {
        assert_eq!(apply(b"{\"osv\": {}}\n{\"config\": []}"), b"{\"config\":[]}\n{\"osv\":{}}\n");
        for stream in ["{\"osv\":{},\"x\":1}", "{\"other\": 1}", "[]", "{} {", ""] {
            assert_eq!(String::from_utf8_lossy(&apply(stream.as_bytes())), stream);
        }
    }
}
