//! The published JSON schemas in `tests/fixtures/schemas`, and what a document has against them.

use std::error::Error;

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

/// A schema, ready to validate; formats such as `date-time` are checked, too.
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema.
    pub fn of(schema: &Value) -> Self {
        let options = jsonschema::options().with_retriever(Beside).should_validate_formats(true);
        Self(options.build(schema).expect("a schema"))
    }

    /// Lists what is wrong with a document, each with its place as a JSON pointer.
    pub fn mistakes(&self, document: &Value) -> Vec<String> {
        self.0.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// Reads a schema by the name of its file.
pub fn published(file: &str) -> Value {
    let path = crate::repository().join("tests/fixtures/schemas").join(file);
    serde_json::from_slice(&std::fs::read(path).expect("a schema")).expect("JSON")
}

/// Finds the schemas that CycloneDX's refers to, and nothing else: no test asks a network.
struct Beside;

impl Retrieve for Beside {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let file = uri.as_str().rsplit('/').next().unwrap_or_default();
        match file {
            "spdx.schema.json" | "jsf-0.82.schema.json" => Ok(published(file)),
            _ => Err(format!("no schema {uri}").into()),
        }
    }
}
