//! The report `--report-format sarif`: the order of its results.

use serde_json::Value;

use crate::normalizer::Normalizer;
use crate::syntax::json;

/// The normalizer `gitleaks-sarif`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-sarif", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be one JSON object with an array "runs" whose every item is an object with an array "results"; no key
twice in an object, integers within 2^53, other numbers below that, too. Else every byte stays.
The items of each "results" are sorted by their RFC 8785 bytes, and the whole is written as RFC 8785 bytes and a line
feed. Other arrays (the rules among them) keep their order, nothing is dropped and no value is changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    canonical(stream).unwrap_or_else(|| stream.to_vec())
}

fn canonical(stream: &[u8]) -> Option<Vec<u8>> {
    let mut report = json::value(stream)?;
    for run in report.get_mut("runs")?.as_array_mut()? {
        let results = run.get_mut("results")?.as_array_mut()?;
        let mut sorted: Vec<(Vec<u8>, Value)> = Vec::with_capacity(results.len());
        for result in results.drain(..) {
            sorted.push((json::canonical(&result)?, result));
        }
        sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
        results.extend(sorted.into_iter().map(|(_, result)| result));
    }
    Some([json::canonical(&report)?, b"\n".to_vec()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_sorted_and_rules_are_not() {
        let raw = br#"{"runs":[{"tool":{"rules":["b","a"]},"results":[{"b":1},{"a":1}]}]}"#;
        assert_eq!(apply(raw), br#"{"runs":[{"results":[{"a":1},{"b":1}],"tool":{"rules":["b","a"]}}]}"#.to_vec().into_iter().chain(*b"\n").collect::<Vec<u8>>());
        for stream in ["{}", "{\"runs\":[{}]}", "{\"runs\":1}", "[]"] {
            assert_eq!(String::from_utf8_lossy(&apply(stream.as_bytes())), stream);
        }
    }
}
