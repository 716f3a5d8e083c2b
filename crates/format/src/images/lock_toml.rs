//! `lockfiles/images/ARCHITECTURE/NAME.lock` ↔ [`ImageLock`].

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::image_toml::ConfigWire;
use crate::syntax::instant::parse_rfc3339;
use crate::syntax::toml_place::{self, TomlError};
use rcrepro_model::content::base64;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::fingerprint::Fingerprint;
use rcrepro_model::image::lock::{DebIndex, DebPin, GoPin, ImageLock, LayerPins, LockedLayer, NpmPin, ProgramPin};
use rcrepro_model::image::purl::Purl;

/// The version of the lock format that this build reads and writes.
pub const LOCK_VERSION: i64 = 1;

const HEADER: &str = "# Written by `rcrepro image lock`; edit the definition in images/ instead.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockWire {
    version: Spanned<i64>,
    /// The checksum of the definition.
    definition: Sha256,
    platform: ImagePlatform,
    source_date_epoch: u64,
    outputs: OutputsWire,
    config: ConfigWire,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    index: Vec<IndexWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deb: Vec<DebWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    go: Vec<GoWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    npm: Vec<NpmWire>,
    program: Option<ProgramWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    module: Vec<GoWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    go_mod: Vec<GoWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramWire {
    builder: ImagePlatform,
    action: Digest,
    output: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputsWire {
    manifest: Digest,
    config: Digest,
    layers: Vec<LayerWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerWire {
    from: ImageName,
    /// DiffId and size of the uncompressed tar.
    tar: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DebWire {
    purl: Spanned<Purl>,
    suite: String,
    path: TreePath,
    size: u64,
    sha256: Sha256,
}

/// Where Debian packages were found.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexWire {
    suite: String,
    architecture: String,
    /// RFC 3339, whole seconds, UTC.
    date: Spanned<String>,
    in_release: Digest,
    packages: Digest,
    signed_by: Fingerprint,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoWire {
    purl: Spanned<Purl>,
    h1: Spanned<String>,
    size: u64,
    sha256: Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NpmWire {
    purl: Spanned<Purl>,
    integrity: Spanned<String>,
    size: u64,
    sha256: Sha256,
}

/// Parses a lock; the name is the file's stem.
///
/// # Errors
/// [`TomlError`] with the place of the first mistake.
pub fn parse(name: ImageName, text: &str) -> Result<ImageLock, TomlError> {
    let wire: LockWire = toml_place::parse(text)?;
    if *wire.version.as_ref() != LOCK_VERSION {
        let message = format!("lock version {} is not known: expected {LOCK_VERSION}", wire.version.as_ref());
        return Err(TomlError::at(text, wire.version.span(), message));
    }
    Ok(ImageLock {
        name,
        definition: wire.definition,
        platform: wire.platform,
        source_date_epoch: wire.source_date_epoch,
        config: wire.config.into_model(),
        pins: LayerPins {
            debs: wire.deb.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>()?,
            indexes: wire.index.into_iter().map(|index| index.into_model(text)).collect::<Result<_, _>>()?,
            go: wire.go.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>()?,
            modules: wire.module.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>()?,
            go_mods: wire.go_mod.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>()?,
            program: (wire.program).map(|pin| ProgramPin {
                builder: pin.builder,
                action: pin.action,
                output: pin.output,
            }),
            npm: wire.npm.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>()?,
        },
        layers: (wire.outputs.layers.into_iter())
            .map(|layer| LockedLayer { name: layer.from, digest: layer.tar })
            .collect(),
        config_digest: wire.outputs.config,
        manifest_digest: wire.outputs.manifest,
    })
}

impl DebWire {
    pub(crate) fn of(pin: &DebPin) -> Self {
        Self {
            purl: Spanned::new(0..0, pin.purl.clone()),
            suite: pin.suite.clone(),
            path: pin.path.clone(),
            size: pin.digest.size,
            sha256: pin.digest.hash,
        }
    }

    pub(crate) fn into_model(self, text: &str) -> Result<DebPin, TomlError> {
        let digest = Digest { hash: self.sha256, size: self.size };
        Ok(DebPin { purl: of_kind(text, self.purl, "deb")?, path: self.path, digest, suite: self.suite })
    }
}

impl GoWire {
    fn into_model(self, text: &str) -> Result<GoPin, TomlError> {
        let h1 = checksum(text, self.h1, "h1:", 32)?;
        let digest = Digest { hash: self.sha256, size: self.size };
        Ok(GoPin { purl: of_kind(text, self.purl, "golang")?, h1, digest })
    }
}

impl NpmWire {
    fn into_model(self, text: &str) -> Result<NpmPin, TomlError> {
        let integrity = checksum(text, self.integrity, "sha512-", 64)?;
        let digest = Digest { hash: self.sha256, size: self.size };
        Ok(NpmPin { purl: of_kind(text, self.purl, "npm")?, integrity, digest })
    }
}

/// Checks that a package URL is of a type.
fn of_kind(text: &str, purl: Spanned<Purl>, kind: &str) -> Result<Purl, TomlError> {
    if purl.as_ref().is(kind) {
        return Ok(purl.into_inner());
    }
    let message = format!("invalid package URL `{}`: expected pkg:{kind}", purl.as_ref());
    Err(TomlError::at(text, purl.span(), message))
}

/// Checks that a checksum has a prefix and, decoded from Base64, a length.
fn checksum(text: &str, value: Spanned<String>, prefix: &str, length: usize) -> Result<String, TomlError> {
    let bytes = value.as_ref().strip_prefix(prefix).and_then(base64::decode);
    if bytes.is_some_and(|bytes| bytes.len() == length) {
        return Ok(value.into_inner());
    }
    let message = format!("invalid checksum `{}`: expected {prefix}BASE64 of {length} bytes", value.as_ref());
    Err(TomlError::at(text, value.span(), message))
}

/// Writes a lock, always in the same bytes.
///
/// # Panics
/// Never: the wire type is one that TOML can hold.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a lock of this build's")]
pub fn write(lock: &ImageLock) -> String {
    let spanned = |purl: &Purl| Spanned::new(0..0, purl.clone());
    let go_wire = |pin: &GoPin| GoWire {
        purl: spanned(&pin.purl),
        h1: Spanned::new(0..0, pin.h1.clone()),
        size: pin.digest.size,
        sha256: pin.digest.hash,
    };
    let wire = LockWire {
        version: Spanned::new(0..0, LOCK_VERSION),
        definition: lock.definition,
        platform: lock.platform,
        source_date_epoch: lock.source_date_epoch,
        config: ConfigWire::of(&lock.config),
        index: lock.pins.indexes.iter().map(IndexWire::of).collect(),
        deb: lock.pins.debs.iter().map(DebWire::of).collect(),
        go: lock.pins.go.iter().map(go_wire).collect(),
        module: lock.pins.modules.iter().map(go_wire).collect(),
        go_mod: lock.pins.go_mods.iter().map(go_wire).collect(),
        program: (lock.pins.program.as_ref()).map(|pin| ProgramWire {
            builder: pin.builder,
            action: pin.action,
            output: pin.output,
        }),
        npm: (lock.pins.npm.iter())
            .map(|pin| NpmWire {
                purl: spanned(&pin.purl),
                integrity: Spanned::new(0..0, pin.integrity.clone()),
                size: pin.digest.size,
                sha256: pin.digest.hash,
            })
            .collect(),
        outputs: OutputsWire {
            manifest: lock.manifest_digest,
            config: lock.config_digest,
            layers: (lock.layers.iter())
                .map(|layer| LayerWire { from: layer.name.clone(), tar: layer.digest })
                .collect(),
        },
    };
    format!("{HEADER}{}", toml::to_string(&wire).expect("a lock is TOML"))
}

impl IndexWire {
    pub(crate) fn of(index: &DebIndex) -> Self {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(index.date);
        Self {
            suite: index.suite.clone(),
            architecture: index.architecture.clone(),
            date: Spanned::new(0..0, humantime::format_rfc3339_seconds(date).to_string()),
            in_release: index.in_release,
            packages: index.packages,
            signed_by: index.signed_by,
        }
    }

    pub(crate) fn into_model(self, text: &str) -> Result<DebIndex, TomlError> {
        let date = parse_rfc3339(self.date.as_ref());
        let date = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
        let date = date.ok_or_else(|| {
            let message =
                format!("invalid instant `{}`: expected one such as 2026-07-11T10:16:37Z", self.date.as_ref());
            TomlError::at(text, self.date.span(), message)
        })?;
        Ok(DebIndex {
            suite: self.suite,
            architecture: self.architecture,
            date: date.as_secs(),
            in_release: self.in_release,
            packages: self.packages,
            signed_by: self.signed_by,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::image::definition::ImageConfig;

    fn lock() -> ImageLock {
        ImageLock {
            name: "small".parse().expect("a good name"),
            definition: Sha256::of(b"definition"),
            platform: ImagePlatform::LinuxAmd64,
            source_date_epoch: 5,
            config: ImageConfig {
                env: [("PATH".to_owned(), "/bin".to_owned())].into(),
                cmd: vec!["/bin/sh".to_owned()],
            },
            pins: LayerPins {
                debs: vec![DebPin {
                    purl: Purl::deb("bash", "5.2.15-2+b2", "amd64"),
                    path: "pool/main/b/bash/bash_5.2.15-2+b2_amd64.deb".parse().expect("a good path"),
                    digest: Digest::of(b"deb"),
                    suite: "bookworm".to_owned(),
                }],
                indexes: vec![DebIndex {
                    suite: "bookworm".to_owned(),
                    architecture: "amd64".to_owned(),
                    date: 1_783_764_997,
                    in_release: Digest::of(b"InRelease"),
                    packages: Digest::of(b"Packages.xz"),
                    signed_by: Fingerprint::new([0xab; 20]),
                }],
                go: vec![GoPin {
                    purl: Purl::go("golang.org/toolchain", "v0.0.1-go1.26.8.linux-amd64"),
                    h1: format!("h1:{}", base64::encode([7; 32])),
                    digest: Digest::of(b"zip"),
                }],
                npm: vec![NpmPin {
                    purl: Purl::npm("npm", "11.0.0"),
                    integrity: format!("sha512-{}", base64::encode([9; 64])),
                    digest: Digest::of(b"tgz"),
                }],
                modules: vec![module("golang.org/x/vuln", b"vuln"), module("golang.org/x/mod", b"mod")],
                go_mods: vec![module("golang.org/x/mod", b"go.mod")],
                program: Some(ProgramPin {
                    builder: ImagePlatform::LinuxAmd64,
                    action: Digest::of(b"action"),
                    output: Digest::of(b"output"),
                }),
            },
            layers: vec![LockedLayer { name: "small".parse().expect("a good name"), digest: Digest::of(b"layer") }],
            config_digest: Digest::of(b"config"),
            manifest_digest: Digest::of(b"manifest"),
        }
    }

    fn module(name: &str, bytes: &[u8]) -> GoPin {
        let h1 = format!("h1:{}", base64::encode([5; 32]));
        GoPin { purl: Purl::go(name, "v1.0.0"), h1, digest: Digest::of(bytes) }
    }

    #[test]
    fn a_lock_round_trips() {
        let text = write(&lock());
        assert_eq!(parse(lock().name, &text), Ok(lock()), "{text}");
    }

    #[test]
    fn mistakes_are_placed() {
        let wrong = |from: &str, to: &str| {
            parse(lock().name, &write(&lock()).replacen(from, to, 1)).expect_err(from).to_string()
        };
        assert_eq!(wrong("version = 1", "version = 7"), "2:11: lock version 7 is not known: expected 1");
        assert!(wrong("h1:", "h2:").contains(": expected h1:BASE64 of 32 bytes"));
        assert!(wrong("2026-07-11T", "11 July 2026 ").contains("invalid instant"));
        assert!(wrong("ABAB", "abab").contains("invalid fingerprint"));
        assert!(wrong("pkg:npm/npm", "pkg:golang/npm").contains("expected pkg:npm"));
        assert!(wrong("platform", "plattform").starts_with("4:1: unknown field `plattform`"));
        assert!(wrong("path = \"pool", "path = \"../pool").contains("invalid path in a tree"));
    }
}
