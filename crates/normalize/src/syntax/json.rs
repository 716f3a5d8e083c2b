//! JSON for the normalizers: read strictly, written as RFC 8785.
//!
//! Strictly, because what is read loosely can hide something: a key that appears twice in one object, or an integer that
//! a 64-bit float cannot hold, makes the whole stream one that does not fit.

use std::fmt;

use rcrepro_format::syntax::canonical_json;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The integers that every reader keeps exactly are smaller than this: 2^53 (RFC 7493 §2.2).
const EXACT: u64 = 1 << 53;

/// Reads JSON values that follow one another, to the stream's end; `None` when any byte does not fit.
pub(crate) fn values(stream: &[u8]) -> Option<Vec<Value>> {
    let values = serde_json::Deserializer::from_slice(stream).into_iter::<Strict>();
    values.map(|value| value.ok().map(|strict| strict.0)).collect()
}

/// Reads the one value that a stream is.
pub(crate) fn value(stream: &[u8]) -> Option<Value> {
    let mut values = values(stream)?;
    (values.len() == 1).then(|| values.pop()).flatten()
}

/// Writes a value as RFC 8785 bytes; they contain no line feed.
pub(crate) fn canonical(value: &Value) -> Option<Vec<u8>> {
    canonical_json::rfc8785(value).ok()
}

/// Writes values as sorted lines of RFC 8785 bytes, each with its line feed.
pub(crate) fn sorted_lines(values: &[Value]) -> Option<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = values.iter().map(canonical).collect::<Option<_>>()?;
    lines.sort_unstable();
    Some(lines.into_iter().flat_map(|line| [line, b"\n".to_vec()]).flatten().collect())
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree).map(Self)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() < EXACT {
            Ok(value.into())
        } else {
            Err(E::custom("an integer beyond what a float holds"))
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        if value < EXACT { Ok(value.into()) } else { Err(E::custom("an integer beyond what a float holds")) }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // An integer beyond 64 bits comes as a float, too.
        let small = value.abs() < 9_007_199_254_740_992.0;
        Number::from_f64(value)
            .filter(|_| small)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number beyond what a float holds"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key appears twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_loosely_elsewhere_is_refused_here() {
        for wrong in [
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"a":1}}]"#,
            "9007199254740992",
            "-9007199254740993",
            "123456789012345678901234567890",
            "1e300",
            "{} x",
            "[1,]",
            "\"\n\"",
        ] {
            assert!(values(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(values(b"\"\xff\"").is_none());
        assert!(value(b"{} {}").is_none() && value(b"").is_none());
    }

    #[test]
    fn values_become_sorted_canonical_lines() {
        let values = values(br#" {"b": 1.50, "a": ["\u003c\u0001"]} {"a":null}"#).expect("good values");
        let lines = String::from_utf8(sorted_lines(&values).expect("good lines")).expect("text");
        assert_eq!(lines, "{\"a\":[\"<\\u0001\"],\"b\":1.5}\n{\"a\":null}\n");
    }
}
