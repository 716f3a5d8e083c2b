//! Manifest ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{
    FAILED_VERSION, MANIFEST_VERSION, OLDEST_MANIFEST_VERSION, ReproManifest, UNKEPT_VERSION, version_for,
};

/// The largest manifest that is read: 16 MiB.
pub const MANIFEST_LIMIT: usize = 16 << 20;

/// The error for bytes that are not a valid manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are not JSON of the manifest's shape.
    #[error("malformed manifest at line {line}, column {column}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What was expected and found.
        message: String,
    },
    /// The version is another one.
    #[error("manifest version {found} is not known: expected {OLDEST_MANIFEST_VERSION} to {UNKEPT_VERSION}")]
    Version {
        /// The number in the file.
        found: u64,
    },
    /// A command's clock is named by a word of another version.
    #[error("command `{command}` has the clock `{found}`, which manifest version {version} does not have")]
    Clock {
        /// The id of the entry with the clock.
        command: Name,
        /// The word that was found.
        found: &'static str,
        /// The number in the file, which decides the words for clocks.
        version: u32,
    },
    /// The version is not the one that is written for such commands and such an outcome.
    #[error(
        "manifest version {found} does not fit: an unconfirmed clock has version 4, a packet that failed has version \
         {FAILED_VERSION}, or {UNKEPT_VERSION} where an output could not be kept: expected {expected}"
    )]
    Needless {
        /// The version that was found.
        found: u32,
        /// The version of such a manifest.
        expected: u32,
    },
    /// The value is right but the bytes are not the canonical ones.
    #[error("the manifest is not in RFC 8785 canonical form: the first difference is at byte {offset}")]
    NotCanonical {
        /// Where the bytes leave the canonical form, from 0.
        offset: usize,
    },
    /// A number lies beyond what every reader of JSON keeps exactly.
    #[error("malformed manifest: {0}")]
    Number(String),
    /// The manifest is larger than [`MANIFEST_LIMIT`].
    #[error("the manifest has {found} bytes: at most {MANIFEST_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object with a `version`")]
struct VersionWire {
    version: u64,
}

/// Writes the canonical bytes and their digest.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "what is written is a manifest of this build's; what is read is checked without"
)]
pub fn encode(manifest: &ReproManifest) -> (Vec<u8>, Digest) {
    let bytes =
        crate::syntax::canonical_json::to_vec(manifest).expect("a manifest holds only strings, integers and maps");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a manifest and refuses every byte form but the canonical one.
///
/// # Errors
/// [`ManifestError`], the version before the shape, the shape before the form.
pub fn decode(bytes: &[u8]) -> Result<ReproManifest, ManifestError> {
    if bytes.len() > MANIFEST_LIMIT {
        return Err(ManifestError::TooLarge { found: bytes.len() });
    }
    let malformed = |error: serde_json::Error| ManifestError::Malformed {
        line: error.line(),
        column: error.column(),
        message: crate::syntax::json_place::described(bytes, &error),
    };
    let version: VersionWire = serde_json::from_slice(bytes).map_err(malformed)?;
    if !(u64::from(OLDEST_MANIFEST_VERSION)..=u64::from(UNKEPT_VERSION)).contains(&version.version) {
        return Err(ManifestError::Version { found: version.version });
    }
    let manifest: ReproManifest = serde_json::from_slice(bytes).map_err(malformed)?;
    if let Some(command) = manifest.commands.iter().find(|command| !command.clock.is_word_of(manifest.version)) {
        let (command, found) = (command.id.clone(), command.clock.as_str());
        return Err(ManifestError::Clock { command, found, version: manifest.version });
    }
    let expected = version_for(&manifest.commands, manifest.failed.as_ref());
    if (manifest.version > MANIFEST_VERSION || manifest.failed.is_some()) && expected != manifest.version {
        return Err(ManifestError::Needless { found: manifest.version, expected });
    }
    let canonical =
        crate::syntax::canonical_json::to_vec(&manifest).map_err(|error| ManifestError::Number(error.to_string()))?;
    if canonical != bytes {
        let offset = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(ManifestError::NotCanonical { offset });
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::failed::FailedEntry;
    use rcrepro_model::evidence::manifest::UNCONFIRMED_VERSION;
    use rcrepro_model::execution::world::ClockMode;

    const RECORDED: &[u8] = include_bytes!("../../../../examples/beacon/manifests/RC-05.json");

    #[test]
    fn a_command_is_found_by_its_id() {
        let recorded = decode(RECORDED).expect("a manifest");
        let last = recorded.commands.last().expect("a command");
        assert_eq!(recorded.command(&last.id), Some(last));
        assert_eq!(recorded.command(&"nowhere".parse().expect("a name")), None);
        assert_eq!(recorded.results().len(), recorded.commands.len());
        assert_eq!(recorded.results().get(&last.id), Some(last));
    }

    #[test]
    fn an_unconfirmed_clock_has_a_version_of_its_own() {
        let recorded = decode(RECORDED).expect("a manifest");
        assert_eq!((recorded.version, version_for(&recorded.commands, None)), (MANIFEST_VERSION, MANIFEST_VERSION));
        let mut unconfirmed = recorded.clone();
        unconfirmed.commands[0].clock = ClockMode::Unconfirmed;
        assert!(matches!(decode(&encode(&unconfirmed).0), Err(ManifestError::Clock { found: "unconfirmed", .. })));
        unconfirmed.version = version_for(&unconfirmed.commands, None);
        assert_eq!(unconfirmed.version, UNCONFIRMED_VERSION);
        assert_eq!(decode(&encode(&unconfirmed).0).as_ref(), Ok(&unconfirmed));
        let newer = ReproManifest { version: UNCONFIRMED_VERSION, ..recorded };
        let needless = ManifestError::Needless { found: UNCONFIRMED_VERSION, expected: MANIFEST_VERSION };
        assert_eq!(decode(&encode(&newer).0), Err(needless));
    }

    #[test]
    fn a_manifest_is_told_in_the_oldest_words_where_they_have_its_clocks() {
        let recorded = decode(RECORDED).expect("a manifest");
        assert_eq!(recorded.clone().in_oldest_words(), recorded, "that version has no clock that starts");
        let mut standing = recorded;
        standing.commands.iter_mut().for_each(|command| command.clock = ClockMode::Stands);
        let oldest = standing.in_oldest_words();
        assert_eq!(oldest.version, OLDEST_MANIFEST_VERSION);
        assert_eq!(decode(&encode(&oldest).0).as_ref(), Ok(&oldest));
    }

    #[test]
    fn the_mark_of_a_failure_and_its_version_go_together() {
        let recorded = decode(RECORDED).expect("a manifest");
        assert!(!String::from_utf8_lossy(RECORDED).contains("failed"), "what passed has no such key");
        let mut failed = ReproManifest { version: FAILED_VERSION, failed: Some(FailedEntry::default()), ..recorded };
        failed.commands[0].clock = ClockMode::Unconfirmed;
        assert_eq!(decode(&encode(&failed).0).as_ref(), Ok(&failed));
        let unmarked = ReproManifest { failed: None, ..failed.clone() };
        let needless = |found, expected| Err(ManifestError::Needless { found, expected });
        assert_eq!(decode(&encode(&unmarked).0), needless(FAILED_VERSION, UNCONFIRMED_VERSION));
        let mut unkept = failed.clone();
        let mark = unkept.failed.as_mut().expect("marked");
        let reason = [("p".parse().expect("a path"), "a fifo".to_owned())];
        mark.unkept.insert(unkept.commands[0].id.clone(), reason.into());
        assert_eq!(decode(&encode(&unkept).0), needless(FAILED_VERSION, UNKEPT_VERSION));
        unkept.version = UNKEPT_VERSION;
        assert_eq!(decode(&encode(&unkept).0).as_ref(), Ok(&unkept));
        failed.commands[0].clock = ClockMode::Stands;
        let disguised = ReproManifest { version: MANIFEST_VERSION, ..failed };
        assert_eq!(decode(&encode(&disguised).0), needless(MANIFEST_VERSION, FAILED_VERSION));
    }
}
