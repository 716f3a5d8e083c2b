//! JSON that every reader reads alike: engines find a key in any letters, and the last of several counts; we know a key as it is written.
//!
//! Source: Go's `encoding/json`, which "prefers an exact match but also accepts a case-insensitive match", folds `ſ` into `s` and the
//! Kelvin sign into `k`, and lets a later key overwrite an earlier one.

use serde_json::{Map, Value};

use super::strict_json;

/// The keys of an object that mean something to a reader.
#[derive(Debug, Clone, Copy)]
pub struct KnownKeys {
    /// Those with any other value than an object of known keys.
    pub plain: &'static [&'static str],
    /// Those whose values are objects, or lists of objects, with these keys.
    pub objects: &'static [(&'static str, &'static KnownKeys)],
}

impl KnownKeys {
    /// Finds the known key that a reader that does not look at letter case takes a key for.
    fn meant(&self, key: &str) -> Option<&'static str> {
        let objects = self.objects.iter().map(|(name, _)| *name);
        self.plain.iter().copied().chain(objects).find(|known| known.eq_ignore_ascii_case(key))
    }
}

/// The error for a document that two readers may read differently, or that is not the expected JSON.
#[derive(Debug, thiserror::Error)]
pub enum AmbiguousJsonError {
    /// It is not JSON, or of another shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A key occurs twice in one object.
    #[error("`{key}` occurs twice in one object: some readers take the first, engines the last")]
    Twice {
        /// As it is written.
        key: String,
    },
    /// A key is another one to a reader that does not look at letter case.
    #[error(
        "{place} has the key `{found}`, which engines take for `{expected}`: expected keys that differ by more than letter case"
    )]
    Case {
        /// The object, in words.
        place: String,
        /// As it is written.
        found: String,
        /// The known key, or another one of the object.
        expected: String,
    },
    /// A key is not ASCII, so that folding its letters may make another key of it.
    #[error("{place} has the key `{}`: expected ASCII", found.escape_unicode())]
    Letters {
        /// The object, in words.
        place: String,
        /// As it is written.
        found: String,
    },
}

/// Parses a document and refuses one in which a reader could take a key for another: keys that occur twice, at any depth; of objects
/// whose keys are known, also keys that are not ASCII or equal each other or a known one but for letter case.
///
/// # Errors
/// [`AmbiguousJsonError`].
pub fn parse(bytes: &[u8], known: &KnownKeys) -> Result<Value, AmbiguousJsonError> {
    let (value, twice) = strict_json::parse(bytes)?;
    if let Some(key) = twice.into_iter().next() {
        return Err(AmbiguousJsonError::Twice { key });
    }
    check(&value, known, "the document")?;
    Ok(value)
}

fn check(value: &Value, known: &KnownKeys, place: &str) -> Result<(), AmbiguousJsonError> {
    match value {
        Value::Object(object) => keys(object, known, place),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, known, place)),
        _ => Ok(()),
    }
}

fn keys(object: &Map<String, Value>, known: &KnownKeys, place: &str) -> Result<(), AmbiguousJsonError> {
    for key in object.keys() {
        let (place, found) = (place.to_owned(), key.clone());
        if !key.is_ascii() {
            return Err(AmbiguousJsonError::Letters { place, found });
        }
        let other = || object.keys().map(String::as_str).find(|other| other != key && other.eq_ignore_ascii_case(key));
        if let Some(expected) = known.meant(key).filter(|known| known != key).or_else(other) {
            return Err(AmbiguousJsonError::Case { place, found, expected: expected.to_owned() });
        }
    }
    for (name, known) in known.objects {
        if let Some(value) = object.get(*name) {
            check(value, known, &format!("`{name}`"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: KnownKeys = KnownKeys { plain: &["User", "Task"], objects: &[] };
    const OUTER: KnownKeys = KnownKeys { plain: &["os", "labels"], objects: &[("config", &INNER)] };

    #[test]
    fn a_key_that_two_readers_take_for_different_ones_is_refused() {
        for (text, says) in [
            (r#"{"config":{"User":"1","User":"0"}}"#, "`User` occurs twice"),
            (r#"{"config":{"User":"1"},"labels":{"a":1,"a":2}}"#, "`a` occurs twice"),
            (r#"{"config":{"User":"1","USER":"0"}}"#, "`config` has the key `USER`, which engines take for `User`"),
            (r#"{"config":{"user":"0"}}"#, "`user`"),
            (r#"{"config":{},"CONFIG":{"User":"0"}}"#, "the document has the key `CONFIG`"),
            (r#"{"config":[{"Ta\u017fk":""}]}"#, r"`Ta\u{17f}k`"),
            (r#"{"\u212a":""}"#, "expected ASCII"),
            (r#"{"config":{"Other":1,"other":2}}"#, "engines take for"),
            ("{", "EOF"),
        ] {
            let mut found = parse(text.as_bytes(), &OUTER).expect_err(text).to_string();
            if says.starts_with("`Ta") {
                found = found.replace(r"\u{54}\u{61}", "Ta").replace(r"\u{6b}", "k");
            }
            assert!(found.contains(says), "`{says}` in {found}");
        }
    }

    #[test]
    fn names_of_a_map_may_be_any() {
        let text = r#"{"os":"linux","labels":{"é":"1","É":"2","Config":"3","config":"4"},"config":{"New":{"user":1}}}"#;
        assert_eq!(parse(text.as_bytes(), &OUTER).expect("read alike")["os"], "linux");
    }
}
