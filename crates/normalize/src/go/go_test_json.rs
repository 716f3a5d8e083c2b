//! The events of `go test -json`: times, and the order in which packages and parallel tests spoke.
//!
//! Shapes from the Go tool's own source (`cmd/internal/test2json`, type `event`; `go help buildjson`): one object per
//! line. Events of one test keep their order; between tests and packages there is none.

use serde_json::Value;

use super::go_test::push_line;
use crate::normalizer::Normalizer;
use crate::syntax::json;

/// The normalizer `go-test-json`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "go-test-json", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be JSON objects to its end, each with a string "Action"; no key twice in an object, integers within
2^53, other numbers below that, too. Else every byte stays.
Each object becomes one line: RFC 8785 bytes and a line feed. In it
- "Time", a string of digits and the characters "-:.TZ+", becomes "<time>";
- "Elapsed", a number, becomes "<elapsed>";
- in "Output", a string, elapsed times are replaced as go-test 1 does.
The lines are sorted by PACKAGE, then by TEST (bytes, stable). PACKAGE is the string "Package", else the string
"ImportPath", else empty; TEST is the string "Test", else empty. Nothing else is changed, dropped or moved.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    canonical(stream).unwrap_or_else(|| stream.to_vec())
}

fn canonical(stream: &[u8]) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    for mut event in json::values(stream)? {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        event.get("Action").and_then(Value::as_str)?;
        let package =
            if event.get("Package").is_some_and(Value::is_string) { text("Package") } else { text("ImportPath") };
        let test = text("Test");
        strip(&mut event);
        lines.push(((package, test), json::canonical(&event)?));
    }
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    Some(lines.into_iter().flat_map(|(_, line)| [line, b"\n".to_vec()]).flatten().collect())
}

/// Takes the times out of an event.
fn strip(event: &mut Value) {
    let Some(event) = event.as_object_mut() else { return };
    if let Some(Value::String(time)) = event.get_mut("Time")
        && time.bytes().all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(&byte))
    {
        "<time>".clone_into(time);
    }
    if let Some(elapsed) = event.get_mut("Elapsed")
        && elapsed.is_number()
    {
        *elapsed = Value::from("<elapsed>");
    }
    if let Some(Value::String(output)) = event.get_mut("Output") {
        let mut line = Vec::with_capacity(output.len());
        push_line(output.as_bytes(), &mut line);
        if let Ok(line) = String::from_utf8(line) {
            *output = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_leaves_every_byte_alone() {
        for stream in [
            "{\"Action\":\"run\",\"Time\":\"2026-01-01\"}\nFAIL\n",
            "{\"Time\":\"2026-01-01\"}\n",
            "{\"Action\":\"run\",\"Elapsed\":1,\"Elapsed\":2}\n",
            "[\"Action\"]\n",
            "{\"Action\":1}\n",
        ] {
            assert_eq!(String::from_utf8_lossy(&apply(stream.as_bytes())), stream);
        }
    }

    #[test]
    fn an_event_keeps_everything_but_its_times() {
        let event = r#"{"Time":"2026-01-01T00:00:00.1+02:00","Action":"output","Package":"a","Output":"ok  \ta\t0.123s\n","X":0.1}"#;
        let expected = r#"{"Action":"output","Output":"ok  \ta\t<elapsed>\n","Package":"a","Time":"<time>","X":0.1}"#;
        assert_eq!(String::from_utf8_lossy(&apply(event.as_bytes())), format!("{expected}\n"));
        let odd = r#"{"Action":"pass","Elapsed":"soon","Time":"noon"}"#;
        assert_eq!(String::from_utf8_lossy(&apply(odd.as_bytes())), format!("{odd}\n"));
    }
}
