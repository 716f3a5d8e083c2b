//! vitest's JSON reporter: times of day and durations.
//!
//! Shapes from vitest 3.2's own source (class `JsonReporter`, which writes jest's format) and recorded runs. Test files
//! are in the order of their paths, tests in that of their source, however they ran: nothing is moved.

use crate::normalizer::Normalizer;
use crate::syntax::json_text::{self, Step};

/// The normalizer `vitest-json`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "vitest-json", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream is one JSON text (RFC 8259, UTF-8), white space around it included; any other stream stays. Where the value at
one of these paths is a number, its bytes become MARK, a JSON string; a "*" stands for every index of an array. All other
bytes stay, and nothing is moved.
path                                      MARK
startTime                                 "<time>"
testResults.*.startTime                   "<time>"
testResults.*.endTime                     "<time>"
testResults.*.assertionResults.*.duration "<elapsed>"
A path counts only where each of its keys is written without escapes.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    use Step::{Index, Key};
    json_text::replace_numbers(stream, |path| match path {
        [Key(b"startTime")] | [Key(b"testResults"), Index, Key(b"startTime" | b"endTime")] => Some(br#""<time>""#),
        [Key(b"testResults"), Index, Key(b"assertionResults"), Index, Key(b"duration")] => Some(br#""<elapsed>""#),
        _ => None,
    })
    .unwrap_or_else(|| stream.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_at_their_paths_only() {
        let raw = r#"{"startTime":17.5, "testResults":[{"assertionResults":[{"title":"startTime","duration":1e-3,"meta":{"duration":5}}],"startTime" : 1,"endTime":-2}],"coverage":{"startTime":3}}"#;
        let expected = r#"{"startTime":"<time>", "testResults":[{"assertionResults":[{"title":"startTime","duration":"<elapsed>","meta":{"duration":5}}],"startTime" : "<time>","endTime":"<time>"}],"coverage":{"startTime":3}}"#;
        assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), expected);
        assert_eq!(apply(expected.as_bytes()), expected.as_bytes());
    }

    #[test]
    fn what_is_no_such_report_stays() {
        for raw in [
            r#"{"startTime":1"#,
            r#"{"startTime":1} {}"#,
            r#"said {"startTime":1}"#,
            r#"{"startTime":"1"}"#,
            r#"{"start\u0054ime":1}"#,
            r#"[{"startTime":1}]"#,
            r#"{"testResults":{"startTime":1}}"#,
            "",
        ] {
            assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), raw);
        }
        assert_eq!(apply(b"{\"a\":\"\xff\",\"startTime\":1}"), b"{\"a\":\"\xff\",\"startTime\":1}");
    }
}
