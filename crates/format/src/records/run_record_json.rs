//! Run record ↔ its JSON. What is written is RFC 8785, no white space, no line end; what is read may have any form, because
//! nothing names a run record by its digest.

use rcrepro_model::evidence::run_record::{OLDEST_RUN_RECORD_VERSION, RUN_RECORD_VERSION, RunRecord};

/// The largest run record that is read: 16 MiB.
pub const RUN_RECORD_LIMIT: usize = 16 << 20;

/// Why bytes are not a run record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunRecordError {
    /// The record is larger than [`RUN_RECORD_LIMIT`].
    #[error("the run record has {found} bytes: at most {RUN_RECORD_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// The version is another one.
    #[error(
        "run record version {found} is not known: expected {OLDEST_RUN_RECORD_VERSION} to {RUN_RECORD_VERSION}, which this \
         rcrepro reads"
    )]
    Version {
        /// The number in the file.
        found: u64,
    },
    /// The bytes are not JSON of the record's shape.
    #[error("malformed run record at line {line}, column {column}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What was expected and found.
        message: String,
    },
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object with a `version`")]
struct VersionWire {
    version: u64,
}

/// Writes the canonical bytes.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a record of this build's; what is read is checked without")]
pub fn encode(record: &RunRecord) -> Vec<u8> {
    crate::syntax::canonical_json::to_vec(record).expect("a run record holds only strings, integers and lists")
}

/// Reads a run record.
///
/// # Errors
/// [`RunRecordError`], the version before the shape.
pub fn decode(bytes: &[u8]) -> Result<RunRecord, RunRecordError> {
    if bytes.len() > RUN_RECORD_LIMIT {
        return Err(RunRecordError::TooLarge { found: bytes.len() });
    }
    let malformed = |error: serde_json::Error| RunRecordError::Malformed {
        line: error.line(),
        column: error.column(),
        message: crate::syntax::json_place::described(bytes, &error),
    };
    let wire: VersionWire = serde_json::from_slice(bytes).map_err(malformed)?;
    if !(u64::from(OLDEST_RUN_RECORD_VERSION)..=u64::from(RUN_RECORD_VERSION)).contains(&wire.version) {
        return Err(RunRecordError::Version { found: wire.version });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_model::evidence::run_record::{CommandRecord, EngineRecord, HostRecord, LimitsRecord, MachineRecord};
    use rcrepro_model::execution::limits::LimitSource;

    /// The bytes that every store since version 4 holds. They may not change: an older rcrepro reads the same store.
    const GOLDEN: &str = "{\"commands\":[{\"attempts\":1,\"duration_ms\":1200,\"id\":\"go-test\",\"limits\":{\"memory\":6,\
        \"memory_from\":\"plan\",\"timeout_from\":\"machine\",\"timeout_ms\":5},\"network\":\
        \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae/3\"}],\"commit\":\"00ff\",\"engine\":\
        {\"api_version\":\"1.47\",\"name\":\"docker\",\"staging\":\"overlay\",\"version\":\"27\"},\"finished\":\
        \"2026-11-30T00:00:01.000Z\",\"host\":{\"cpus\":2,\"rcrepro\":\"0.1.0\",\"system\":\"linux 6\"},\"kind\":\"run\",\
        \"machine\":{\"memory\":8,\"processors\":2},\"manifest\":\"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9/3\",\"packet\":\"RC-05\",\"plan\":\
        \"baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096/3\",\"run\":\"20261130T000000Z-1-k3f9\",\
        \"started\":\"2026-11-30T00:00:00.000Z\",\"version\":4}";

    fn record() -> RunRecord {
        let text = |text: &str| text.to_owned();
        RunRecord {
            version: RUN_RECORD_VERSION,
            run: text("20261130T000000Z-1-k3f9"),
            kind: text("run"),
            packet: "RC-05".parse().expect("an id"),
            plan: Digest::of(b"baz"),
            commit: text("00ff"),
            started: text("2026-11-30T00:00:00.000Z"),
            finished: text("2026-11-30T00:00:01.000Z"),
            manifest: Digest::of(b"bar"),
            recorded: None,
            host: HostRecord { system: text("linux 6"), cpus: 2, rcrepro: text("0.1.0") },
            engine: EngineRecord {
                name: text("docker"),
                version: text("27"),
                api_version: text("1.47"),
                staging: text("overlay"),
            },
            machine: Some(MachineRecord { memory: Some(8), processors: Some(2) }),
            left_out: Vec::new(),
            commands: vec![CommandRecord {
                id: "go-test".parse().expect("a name"),
                duration_ms: 1200,
                attempts: 1,
                limits: Some(LimitsRecord {
                    timeout_ms: 5,
                    timeout_from: LimitSource::Machine,
                    memory: 6,
                    memory_from: LimitSource::Plan,
                }),
                network: Some(Digest::of(b"foo")),
                earlier: Vec::new(),
                second_look: None,
                taken_over: None,
            }],
        }
    }

    #[test]
    fn the_bytes_of_a_record_are_those_that_stores_hold() {
        assert_eq!(String::from_utf8(encode(&record())).expect("text"), GOLDEN);
        assert_eq!(decode(GOLDEN.as_bytes()), Ok(record()));
    }

    #[test]
    fn a_version_that_does_not_fit_is_an_error_before_its_shape_is() {
        for found in [1, 2, 3] {
            let older = GOLDEN.replace("\"version\":4", &format!("\"version\":{found}"));
            assert_eq!(decode(older.as_bytes()).map(|record| record.version), Ok(found));
        }
        for found in [0, 5, u64::MAX] {
            let other = GOLDEN.replace("\"version\":4", &format!("\"unheard-of\":1,\"version\":{found}"));
            let error = decode(other.as_bytes()).expect_err("another version");
            assert_eq!(error, RunRecordError::Version { found });
            assert_eq!(
                error.to_string(),
                format!("run record version {found} is not known: expected 1 to 4, which this rcrepro reads")
            );
        }
        for wrong in ["", "{}", "[]", &GOLDEN[..GOLDEN.len() / 2], &GOLDEN.replace("\"kind\"", "\"sort\"")] {
            let error = decode(wrong.as_bytes()).expect_err(wrong);
            assert!(matches!(error, RunRecordError::Malformed { line: 0..=1, .. }), "{error}");
        }
    }
}
