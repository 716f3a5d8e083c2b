//! JSON documents and their fields, as far as a judge asks for them.

use serde_json::Value;

use super::FaultName;
use super::judge::Judge;
use super::survey::SurveyedFile;
use rcrepro_format::syntax::strict_json;

impl Judge<'_> {
    /// Parses a document and lists the keys that occur twice.
    pub(super) fn document(&mut self, path: &str, file: &SurveyedFile) -> Option<Value> {
        let Some(bytes) = &file.document else {
            let found = if file.layer.is_some() { "an archive" } else { "too many bytes for a document" };
            self.fault(FaultName::Malformed, path, "a JSON document", found);
            return None;
        };
        match strict_json::parse(bytes) {
            Ok((value, twice)) => {
                for key in twice {
                    self.fault(FaultName::DuplicateKey, path, "each key once", format!("`{key}` occurs twice"));
                }
                Some(value)
            }
            Err(error) => {
                self.fault(FaultName::Malformed, path, "a JSON document", error.to_string());
                None
            }
        }
    }

    /// Takes a list out of a document; anything else there is a fault.
    pub(super) fn list<'v>(&mut self, value: &'v Value, key: &str, object: &str) -> &'v [Value] {
        match value.get(key).and_then(Value::as_array) {
            Some(list) => list,
            None => {
                self.fault(FaultName::Malformed, object, format!("a list `{key}`"), shown(value.get(key)));
                &[]
            }
        }
    }

    /// Takes a text out of a document; anything else there is a fault.
    pub(super) fn text<'v>(&mut self, value: &'v Value, key: &str, object: &str) -> Option<&'v str> {
        let text = value.get(key).and_then(Value::as_str);
        if text.is_none() {
            self.fault(FaultName::Malformed, object, format!("a text `{key}`"), shown(value.get(key)));
        }
        text
    }

    /// Compares a field with the only value that it may have.
    pub(super) fn equals(&mut self, name: FaultName, value: &Value, key: &str, expected: &Value, object: &str) {
        if value.get(key) != Some(expected) {
            self.fault(name, object, format!("`{key}` {expected}"), shown(value.get(key)));
        }
    }

    /// Notes the fields that the specification does not know: they are allowed, and a mistyped one looks like them.
    pub(super) fn known(&mut self, value: &Value, keys: &[&str], object: &str) {
        for key in value.as_object().into_iter().flat_map(|map| map.keys()) {
            if !keys.contains(&key.as_str()) {
                self.note(FaultName::UnknownField, object, keys.join(", "), key);
            }
        }
    }
}

/// Shows what is in a field, shortened.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) => value.to_string().chars().take(120).collect(),
    }
}
