//! `lockfiles/pulled/ARCHITECTURE/NAME.lock` ↔ [`PulledLock`].

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::syntax::toml_place::{self, TomlError};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::pulled::{PulledImage, PulledLayer, PulledLock};
use rcrepro_model::image::reference::ImageReference;

/// The version of the lock format that this build reads and writes.
pub const PULLED_VERSION: i64 = 1;

const HEADER: &str = "# Written by `rcrepro image lock`; the plan says which image it is.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockWire {
    version: Spanned<i64>,
    /// The plan's reference.
    pull: ImageReference,
    platform: ImagePlatform,
    outputs: OutputsWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputsWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Digest>,
    manifest: Digest,
    manifest_type: String,
    config: Digest,
    layers: Vec<LayerWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerWire {
    blob: Digest,
    media_type: String,
    diff_id: Sha256,
}

/// Whether this is a pulled image's lock, whatever else is wrong with it.
#[must_use]
pub fn is_pulled(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("pull = "))
}

/// Parses a lock.
///
/// # Errors
/// [`TomlError`] with the place of the first mistake.
pub fn parse(text: &str) -> Result<PulledLock, TomlError> {
    let wire: LockWire = toml_place::parse(text)?;
    if *wire.version.as_ref() != PULLED_VERSION {
        let message = format!("lock version {} is not known: expected {PULLED_VERSION}", wire.version.as_ref());
        return Err(TomlError::at(text, wire.version.span(), message));
    }
    let outputs = wire.outputs;
    let layers = outputs.layers.into_iter();
    let layers = layers.map(|LayerWire { blob, media_type, diff_id }| PulledLayer { blob, media_type, diff_id });
    let image = PulledImage {
        index: outputs.index,
        manifest: outputs.manifest,
        manifest_type: outputs.manifest_type,
        config: outputs.config,
        platform: wire.platform,
        layers: layers.collect(),
    };
    Ok(PulledLock { reference: wire.pull, image })
}

/// Writes a lock, always in the same bytes.
///
/// # Panics
/// Never: the wire type is one that TOML can hold.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a lock of this build's")]
pub fn write(lock: &PulledLock) -> String {
    let layers = lock.image.layers.iter().cloned();
    let layers = layers.map(|PulledLayer { blob, media_type, diff_id }| LayerWire { blob, media_type, diff_id });
    let wire = LockWire {
        version: Spanned::new(0..0, PULLED_VERSION),
        pull: lock.reference.clone(),
        platform: lock.image.platform,
        outputs: OutputsWire {
            index: lock.image.index,
            manifest: lock.image.manifest,
            manifest_type: lock.image.manifest_type.clone(),
            config: lock.image.config,
            layers: layers.collect(),
        },
    };
    format!("{HEADER}{}", toml::to_string(&wire).expect("a lock is TOML"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_round_trips_and_mistakes_are_placed() {
        let blob = Digest::of(b"layer");
        let layer = PulledLayer { blob, media_type: "application/x".to_owned(), diff_id: Sha256::of(b"tar") };
        let manifest = Digest::of(b"manifest");
        let lock = PulledLock {
            reference: format!("golang:1.26@{}", manifest.hash.to_oci()).parse().expect("a reference"),
            image: PulledImage {
                index: None,
                manifest,
                manifest_type: "application/y".to_owned(),
                config: Digest::of(b"config"),
                platform: ImagePlatform::LinuxArm64,
                layers: vec![layer],
            },
        };
        let text = write(&lock);
        assert!(is_pulled(&text));
        assert_eq!(parse(&text), Ok(lock.clone()), "{text}");
        let wrong = |from: &str, to: &str| parse(&text.replacen(from, to, 1)).expect_err(from).to_string();
        assert_eq!(wrong("version = 1", "version = 3"), "2:11: lock version 3 is not known: expected 1");
        assert!(wrong("linux/arm64", "linux/mips").contains("invalid platform `linux/mips`"));
        assert!(wrong("diff_id", "diffid").contains("unknown field `diffid`"));
    }
}
