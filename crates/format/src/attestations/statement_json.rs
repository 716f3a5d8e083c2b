//! in-toto statement ↔ JSON, with the predicates that are written here.
//!
//! Source: in-toto attestation framework, `spec/v1/statement.md` and `spec/predicates/test-result.md`; `docs/design/attestations.md` for our own
//! one. Unknown keys are let pass, as the framework demands of those who read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::syntax::canonical_json;
use crate::syntax::unambiguous_json::{self, AmbiguousJsonError, KnownKeys};
use rcrepro_model::attestation::replay_result::{ReplayResult, ReplayedCommand, ReplayedImages};
use rcrepro_model::attestation::resource::ResourceDescriptor;
use rcrepro_model::attestation::statement::{Predicate, REPLAY_RESULT, Statement, TEST_RESULT};
use rcrepro_model::attestation::test_result::{TestOutcome, TestResult};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::standing::Standing;

/// in-toto's type of a statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The algorithm that digests here are of.
const SHA256: &str = "sha256";

const RESOURCE: KnownKeys = KnownKeys { plain: &["digest", "name"], objects: &[] };
const COMMAND: KnownKeys = KnownKeys { plain: &["differing", "equality", "id"], objects: &[] };
const IMAGES: KnownKeys = KnownKeys { plain: &["differing", "record"], objects: &[] };
const PREDICATE: KnownKeys = KnownKeys {
    plain: &["failedTests", "found", "inputs", "passedTests", "ran", "result", "warnedTests"],
    objects: &[("commands", &COMMAND), ("configuration", &RESOURCE), ("images", &IMAGES)],
};
const KEYS: KnownKeys =
    KnownKeys { plain: &["_type", "predicateType"], objects: &[("predicate", &PREDICATE), ("subject", &RESOURCE)] };

/// The error for bytes that are not a statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// They are not JSON, of another shape, or not the same to all readers.
    #[error("malformed statement: {0}")]
    Malformed(#[from] AmbiguousJsonError),
    /// The statement is of another type.
    #[error("the statement is of the type `{found}`, expected `{STATEMENT}`")]
    Type {
        /// The type that it names.
        found: String,
    },
    /// A word or a digest is not one that its predicate has.
    #[error("`{place}` of the statement is `{found}`")]
    Word {
        /// The key.
        place: String,
        /// The value there.
        found: String,
    },
}

#[derive(Deserialize)]
struct StatementWire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<ResourceWire>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Map<String, Value>,
}

#[derive(Deserialize)]
struct ResourceWire {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestResultWire {
    result: String,
    configuration: Vec<ResourceWire>,
    #[serde(default)]
    passed_tests: Vec<String>,
    #[serde(default)]
    warned_tests: Vec<String>,
    #[serde(default)]
    failed_tests: Vec<String>,
}

#[derive(Deserialize)]
struct ReplayWire {
    result: String,
    commands: Vec<CommandWire>,
    inputs: Vec<String>,
    found: String,
    #[serde(default)]
    images: Option<ImagesWire>,
    ran: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct ImagesWire {
    record: String,
    differing: Vec<String>,
}

#[derive(Deserialize)]
struct CommandWire {
    id: String,
    equality: String,
    differing: BTreeMap<String, String>,
}

/// Writes a statement as canonical JSON.
#[must_use]
#[expect(clippy::expect_used, reason = "a statement holds strings alone")]
pub fn encode(statement: &Statement) -> Vec<u8> {
    let subject: Vec<Value> = statement.subjects.iter().map(resource).collect();
    let document = json!({
        "_type": STATEMENT, "predicate": predicate(&statement.predicate), "predicateType": statement.predicate.type_uri(), "subject": subject,
    });
    canonical_json::to_vec(&document).expect("strings have a canonical form")
}

fn resource(of: &ResourceDescriptor) -> Value {
    let digest: BTreeMap<&str, String> = of.sha256.iter().map(|hash| (SHA256, hash.to_string())).collect();
    match of.name.is_empty() {
        true => json!({ "digest": digest }),
        false => json!({ "digest": digest, "name": of.name }),
    }
}

fn predicate(predicate: &Predicate) -> Value {
    match predicate {
        Predicate::TestResult(TestResult { result, configuration, passed, warned, failed }) => json!({
            "configuration": configuration.iter().map(resource).collect::<Vec<_>>(), "failedTests": failed, "passedTests": passed,
            "result": result.as_str(), "warnedTests": warned,
        }),
        Predicate::Replay(ReplayResult { standing, commands, inputs, found, images, ran }) => {
            let words = |differing: &[(String, Equality)]| -> BTreeMap<String, &str> {
                differing.iter().map(|(part, equality)| (part.clone(), equality.as_str())).collect()
            };
            let commands: Vec<Value> = commands
                .iter()
                .map(|one| json!({ "differing": words(&one.differing), "equality": one.equality.as_str(), "id": one.id }))
                .collect();
            let ran: BTreeMap<&String, &String> = ran.iter().map(|(key, value)| (key, value)).collect();
            let mut document = json!({
                "commands": commands, "found": found.to_string(), "inputs": inputs, "ran": ran, "result": standing.as_str(),
            });
            if let Some(ReplayedImages { record, differing }) = images {
                document["images"] = json!({ "differing": differing, "record": record.to_string() });
            }
            document
        }
        Predicate::Other(_) => json!({}),
    }
}

/// Reads a statement. A predicate of another type is [`Predicate::Other`].
///
/// # Errors
/// [`StatementError`].
pub fn decode(bytes: &[u8]) -> Result<Statement, StatementError> {
    let value = unambiguous_json::parse(bytes, &KEYS)?;
    let wire: StatementWire = shaped(value)?;
    if wire.kind != STATEMENT {
        return Err(StatementError::Type { found: wire.kind });
    }
    let predicate = match wire.predicate_type.as_str() {
        TEST_RESULT => Predicate::TestResult(test_result(shaped(wire.predicate.into())?)?),
        REPLAY_RESULT => Predicate::Replay(replay(shaped(wire.predicate.into())?)?),
        _ => Predicate::Other(wire.predicate_type),
    };
    Ok(Statement { subjects: resources("subject", wire.subject)?, predicate })
}

fn shaped<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, StatementError> {
    T::deserialize(value).map_err(|error| StatementError::Malformed(error.into()))
}

fn word(place: &str, found: &str) -> StatementError {
    StatementError::Word { place: place.to_owned(), found: found.to_owned() }
}

fn resources(place: &str, wires: Vec<ResourceWire>) -> Result<Vec<ResourceDescriptor>, StatementError> {
    let read = |wire: ResourceWire| {
        let sha256 = match wire.digest.get(SHA256) {
            Some(text) => Some(text.parse::<Sha256>().map_err(|_| word(&format!("{place}.digest"), text))?),
            None => None,
        };
        Ok(ResourceDescriptor { name: wire.name, sha256 })
    };
    wires.into_iter().map(read).collect()
}

fn test_result(wire: TestResultWire) -> Result<TestResult, StatementError> {
    let found = TestOutcome::ALL.into_iter().find(|(_, text)| *text == wire.result);
    let (result, _) = found.ok_or_else(|| word("result", &wire.result))?;
    Ok(TestResult {
        result,
        configuration: resources("configuration", wire.configuration)?,
        passed: wire.passed_tests,
        warned: wire.warned_tests,
        failed: wire.failed_tests,
    })
}

fn replay(wire: ReplayWire) -> Result<ReplayResult, StatementError> {
    let standing = Standing::ALL.into_iter().find(|standing| standing.as_str() == wire.result);
    let equality = |place: &str, text: &str| {
        Equality::ALL.into_iter().find(|equality| equality.as_str() == text).ok_or_else(|| word(place, text))
    };
    let command = |wire: CommandWire| {
        let differing = wire.differing.into_iter().map(|(part, text)| Ok((part, equality("differing", &text)?)));
        Ok(ReplayedCommand {
            equality: equality("equality", &wire.equality)?,
            differing: differing.collect::<Result<_, StatementError>>()?,
            id: wire.id,
        })
    };
    let images = match wire.images {
        Some(ImagesWire { record, differing }) => {
            let record = record.parse::<Sha256>().map_err(|_| word("images.record", &record))?;
            Some(ReplayedImages { record, differing })
        }
        None => None,
    };
    Ok(ReplayResult {
        standing: standing.ok_or_else(|| word("result", &wire.result))?,
        commands: wire.commands.into_iter().map(command).collect::<Result<_, StatementError>>()?,
        inputs: wire.inputs,
        found: wire.found.parse::<Digest>().map_err(|_| word("found", &wire.found))?,
        images,
        ran: wire.ran.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, bytes: &[u8]) -> ResourceDescriptor {
        ResourceDescriptor::new(name, Sha256::of(bytes))
    }

    fn of(predicate: Predicate) -> Statement {
        Statement { subjects: vec![named("RC-05.json", b"manifest")], predicate }
    }

    fn all() -> [Statement; 2] {
        let tested = TestResult {
            result: TestOutcome::Warned,
            configuration: vec![named("plan", b"plan"), named("image:go", b"go")],
            passed: vec!["go-test".to_owned()],
            warned: vec!["flaky".to_owned()],
            failed: Vec::new(),
        };
        let command = |id: &str, equality, differing| ReplayedCommand { id: id.to_owned(), equality, differing };
        let replayed = ReplayResult {
            standing: Standing::Failed,
            commands: vec![
                command("go-test", Equality::Canonical, vec![("stdout".to_owned(), Equality::Canonical)]),
                command("build", Equality::Divergent, vec![("dist/app".to_owned(), Equality::Divergent)]),
            ],
            inputs: vec!["plan".to_owned()],
            found: Digest::of(b"found"),
            images: Some(ReplayedImages { record: Sha256::of(b"record"), differing: vec!["app".to_owned()] }),
            ran: vec![("engine".to_owned(), "docker 20.10.24".to_owned())],
        };
        [of(Predicate::TestResult(tested)), of(Predicate::Replay(replayed))]
    }

    #[test]
    fn statements_are_read_as_they_were_written() {
        for statement in all() {
            let bytes = encode(&statement);
            assert_eq!(decode(&bytes).expect("read"), statement, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_test_result_has_the_published_fields() {
        let document: Value = serde_json::from_slice(&encode(&all()[0])).expect("JSON");
        assert_eq!(document["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(document["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
        assert_eq!(document["subject"][0]["digest"]["sha256"], Sha256::of(b"manifest").to_string());
        let predicate = &document["predicate"];
        assert_eq!((&predicate["result"], &predicate["warnedTests"][0]), (&json!("WARNED"), &json!("flaky")));
        assert_eq!(predicate["configuration"][1]["name"], "image:go");
    }

    #[test]
    fn what_others_add_is_let_pass_and_what_two_readers_read_differently_is_not() {
        let text = String::from_utf8(encode(&all()[0])).expect("text");
        let more = text.replacen('{', "{\"extra\":{\"a\":1},", 1);
        assert_eq!(decode(more.as_bytes()).expect("read"), all()[0]);
        let other = text.replace("test-result/v0.1", "test-result/v9");
        let uri = "https://in-toto.io/attestation/test-result/v9".to_owned();
        assert_eq!(decode(other.as_bytes()).expect("read").predicate, Predicate::Other(uri));
        for (from, to, says) in [
            ("Statement/v1", "Statement/v0.1", "of the type"),
            ("WARNED", "GREAT", "`result` of the statement is `GREAT`"),
            ("\"result\"", "\"Result\":\"PASSED\",\"result\"", "`Result`"),
            ("\"subject\"", "\"subject\":[],\"subject\"", "`subject` occurs twice"),
            ("\"passedTests\"", "\"passedTests\":[],\"passedTests\"", "`passedTests` occurs twice"),
            ("\"sha256\":\"", "\"sha256\":\"X", "digest"),
        ] {
            let text = text.replacen(from, to, 1);
            let found = decode(text.as_bytes()).expect_err(&text).to_string();
            assert!(found.contains(says), "`{says}` in {found}");
        }
    }
}
