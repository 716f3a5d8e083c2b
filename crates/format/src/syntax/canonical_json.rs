//! Canonical JSON: RFC 8785 (JCS) bytes, narrowed to what is equal in every implementation.
//!
//! Shape: UTF-8, no white space, keys sorted by their UTF-16 code units, shortest escapes (RFC 8785 §3.2). Narrower than
//! the RFC: a number is an integer within ±(2^53 - 1), which every JSON reader keeps exactly; fractions and exponents
//! are refused rather than printed.

use serde::Serialize;
use serde_json::Value;

/// The largest integer that a JSON reader with 64-bit floats keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The error for a value without canonical JSON, or bytes that are not canonical JSON.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalJsonError {
    /// A number is a fraction, has an exponent or lies beyond ±(2^53 - 1).
    #[error("`{found}` at `{pointer}` is not a canonical number: expected an integer within ±(2^53 - 1)")]
    Number {
        /// Its place, as a JSON Pointer (RFC 6901); empty for the whole document.
        pointer: String,
        /// The number as JSON writes it.
        found: String,
    },
    /// The value cannot be written as JSON: a map whose keys are not strings.
    #[error("the value cannot be written as canonical JSON")]
    Serialize(#[source] serde_json::Error),
    /// The bytes are not JSON.
    #[error("the bytes are not JSON")]
    Parse(#[source] serde_json::Error),
    /// The bytes are JSON but not in the canonical form: keys out of order or twice, white space, other escapes.
    #[error("the bytes differ from their canonical form at byte {offset}")]
    NotCanonical {
        /// The first byte that differs, counted from 0.
        offset: usize,
    },
}

/// Writes a value as canonical JSON.
///
/// # Errors
/// [`CanonicalJsonError::Number`] for a float or an integer that is too large, [`CanonicalJsonError::Serialize`] when
/// JSON cannot hold the value.
///
/// A float that is not finite is gone before anybody sees it (serde_json makes it `null`), therefore `model/` has no
/// floats at all; `cargo xtask layers` holds it to that.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalJsonError> {
    let tree = serde_json::to_value(value).map_err(CanonicalJsonError::Serialize)?;
    check_numbers(&tree, &mut String::new())?;
    rfc8785(&tree).map_err(CanonicalJsonError::Serialize)
}

/// Writes a value as RFC 8785 has it, fractions and large integers included: for the output of tools, whose numbers are not ours to
/// refuse.
///
/// # Errors
/// For a number that is not a finite 64-bit float.
pub fn rfc8785(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// Checks that bytes are the canonical JSON of what they say, byte for byte.
///
/// # Errors
/// [`CanonicalJsonError::Parse`], [`CanonicalJsonError::Number`] or [`CanonicalJsonError::NotCanonical`].
pub fn check(bytes: &[u8]) -> Result<(), CanonicalJsonError> {
    let tree: Value = serde_json::from_slice(bytes).map_err(CanonicalJsonError::Parse)?;
    let canonical = to_vec(&tree)?;
    if canonical == bytes {
        return Ok(());
    }
    let equal = canonical.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs).count();
    Err(CanonicalJsonError::NotCanonical { offset: equal })
}

/// Whether bytes are canonical JSON; [`check`] also says why not.
#[must_use]
pub fn is_canonical(bytes: &[u8]) -> bool {
    check(bytes).is_ok()
}

fn check_numbers(value: &Value, pointer: &mut String) -> Result<(), CanonicalJsonError> {
    let length = pointer.len();
    let mut below = |key: &str, child: &Value| {
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let checked = check_numbers(child, pointer);
        pointer.truncate(length);
        checked
    };
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() <= MAX_INTEGER.unsigned_abs() => Ok(()),
            _ => Err(CanonicalJsonError::Number { pointer: pointer.clone(), found: number.to_string() }),
        },
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| below(&index.to_string(), item)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| below(key, member)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text<T: Serialize>(value: &T) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    /// The example of RFC 8785 §3.2.3.
    #[test]
    fn keys_sort_by_utf16_code_units() {
        let value = json!({
            "\u{20ac}": "Euro Sign",
            "\r": "Carriage Return",
            "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\u{1f600}": "Emoji: Grinning Face",
            "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let canonical = text(&value);
        let names = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let at: Vec<_> = names.iter().map(|name| canonical.find(name).unwrap()).collect();
        assert!(at.is_sorted(), "{canonical}");
    }

    /// The string and the literals of RFC 8785 §3.2.2's example; its numbers are floats, which we refuse.
    #[test]
    fn strings_take_the_shortest_escapes() {
        let value = json!({"string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [null, true, false]});
        let expected = "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn only_exact_integers_pass() {
        assert_eq!(text(&[MAX_INTEGER, -MAX_INTEGER, 0]), "[9007199254740991,-9007199254740991,0]");
        let wrong =
            [json!({"a/b": [1.5]}), json!(1.0), json!(MAX_INTEGER + 1), json!(-MAX_INTEGER - 1), json!(u64::MAX)];
        for value in wrong {
            assert!(matches!(to_vec(&value), Err(CanonicalJsonError::Number { .. })), "{value}");
        }
        let error = to_vec(&json!({"a/b": [1.5]})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`1.5` at `/a~1b/0` is not a canonical number: expected an integer within ±(2^53 - 1)"
        );
    }

    #[test]
    fn look_alikes_are_not_canonical() {
        for right in [r#"{"a":1,"b":"ä"}"#, "[]", "null", r#""\n""#] {
            assert!(is_canonical(right.as_bytes()), "{right}");
        }
        let wrong = [
            "",
            "{",
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a": 1}"#,
            "[] ",
            "[]\n",
            r#""\u00e4""#,
            r#""\u000a""#,
            "1.0",
            "1e2",
            "-0",
            "01",
            "9007199254740992",
            r#""\ud800""#,
            "\u{feff}[]",
        ];
        for wrong in wrong {
            assert!(!is_canonical(wrong.as_bytes()), "{wrong}");
        }
        assert!(!is_canonical(b"\"\xff\""));
        assert!(matches!(check(b"{\"a\": 1}"), Err(CanonicalJsonError::NotCanonical { offset: 5 })));
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_canonical_and_reads_back(value in tree()) {
            let bytes = to_vec(&value).unwrap();
            prop_assert!(is_canonical(&bytes));
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }
    }
}
