//! The findings of `go vet -json`: the order of the packages.
//!
//! Shapes from recorded runs of Go 1.26: one object per package, from its import path to findings by analyzer, `{}` where
//! there are none; packages that are vetted side by side end in any order.

use crate::normalizer::Normalizer;
use crate::syntax::json;

/// The normalizer `go-vet-json`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "go-vet-json", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must be JSON objects to its end; no key twice in an object, integers within 2^53, other numbers below that,
too. Else every byte stays.
Each object becomes one line, RFC 8785 bytes and a line feed, and the lines are sorted (bytes). Arrays keep their order,
nothing is dropped and no value is changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let objects = json::values(stream).filter(|values| values.iter().all(serde_json::Value::is_object));
    objects.and_then(|objects| json::sorted_lines(&objects)).unwrap_or_else(|| stream.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_sorted_and_counted() {
        assert_eq!(
            apply(b"{}\n{\n\"b\": {}}\n{}\n{\"a\":{\"x\":[2,1]}}"),
            b"{\"a\":{\"x\":[2,1]}}\n{\"b\":{}}\n{}\n{}\n"
        );
        for stream in [&b"# a\n{}\n"[..], b"[]\n", b"{}{", b""] {
            assert_eq!(apply(stream), stream);
        }
    }
}
