//! Manifest ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use crate::model::digest::Digest;
use crate::model::manifest::{MANIFEST_VERSION, OLDEST_MANIFEST_VERSION, ReproManifest};
use crate::model::name::Name;

/// The largest manifest that is read: 16 MiB.
pub const MANIFEST_LIMIT: usize = 16 << 20;

/// Says why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are no JSON of the manifest's shape.
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
    #[error("manifest version {found} is not known: expected {OLDEST_MANIFEST_VERSION} to {MANIFEST_VERSION}")]
    Version {
        /// The version that was found.
        found: u64,
    },
    /// A command's clock is named by a word of another version.
    #[error("command `{command}` has the clock `{found}`, which is no word of manifest version {version}")]
    Clock {
        /// The command.
        command: Name,
        /// The word that was found.
        found: &'static str,
        /// The manifest's version.
        version: u32,
    },
    /// The value is right but the bytes are not the canonical ones.
    #[error("the manifest is not in RFC 8785 canonical form: the first difference is at byte {offset}")]
    NotCanonical {
        /// Where the bytes leave the canonical form, from 0.
        offset: usize,
    },
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
pub fn encode(manifest: &ReproManifest) -> (Vec<u8>, Digest) {
    let bytes = super::canonical_json::to_vec(manifest).expect("a manifest holds only strings, integers and maps");
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
        message: error.to_string(),
    };
    let version: VersionWire = serde_json::from_slice(bytes).map_err(malformed)?;
    if !(u64::from(OLDEST_MANIFEST_VERSION)..=u64::from(MANIFEST_VERSION)).contains(&version.version) {
        return Err(ManifestError::Version { found: version.version });
    }
    let manifest: ReproManifest = serde_json::from_slice(bytes).map_err(malformed)?;
    if let Some(command) = manifest.commands.iter().find(|command| !command.clock.is_word_of(manifest.version)) {
        let (command, found) = (command.id.clone(), command.clock.as_str());
        return Err(ManifestError::Clock { command, found, version: manifest.version });
    }
    let (canonical, _) = encode(&manifest);
    if canonical != bytes {
        let offset = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(ManifestError::NotCanonical { offset });
    }
    Ok(manifest)
}
