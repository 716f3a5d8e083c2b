//! `lockfiles/NAME.lock`: the locked tree of a frozen input, and the checksum of what it was made from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::images::lock_toml::{DebWire, IndexWire};
use crate::syntax::instant::parse_rfc3339;
use crate::syntax::toml_place::TomlError;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::Name;
use rcrepro_model::image::lock::{DebIndex, DebPin};
use rcrepro_model::plan::FrozenKind;

/// The version of the lock format that this build reads and writes.
pub const FROZEN_LOCK_VERSION: u32 = 1;

/// The error for a text that is not a valid lock of a frozen input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrozenLockError {
    /// The text is not TOML of the lock's shape.
    #[error("{0}")]
    Malformed(String),
    /// The version is another one.
    #[error("lock version {found} is not known: expected {FROZEN_LOCK_VERSION}")]
    Version {
        /// The number in the file.
        found: u32,
    },
    /// A compiled package has a name that no package can have.
    #[error("`{0}` is not an import path")]
    Package(String),
    /// A wheel is not named as wheels are.
    #[error("`{0}` is not the name of a wheel: expected `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`")]
    Wheel(String),
}

/// A frozen input's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenLock {
    /// The kind's name.
    pub kind: String,
    /// The checksum of what it was made from; see [`made_from`].
    pub made_from: Sha256,
    /// The root `Directory` of the tree.
    pub root: Digest,
    /// Which data it is and when it was made, for kinds whose data has an age.
    pub data: Option<FrozenData>,
    /// What a build cache was compiled by, and from which packages.
    pub compiled: Option<CompiledPackages>,
    /// The packages of a repository for apt.
    pub debian: Option<LockedPackages>,
    /// The wheels of a folder for pip, in the order of their names.
    pub wheels: Vec<LockedWheel>,
}

/// A wheel of a Python package. It is in the lock because the requirements may be met by later versions some day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedWheel {
    /// Its file, which names the package, its version, and the Pythons and platforms that it is for.
    pub file: Name,
    /// Of its bytes.
    pub digest: Digest,
}

impl LockedWheel {
    /// Returns the package's name and version; none where the file is not named as a wheel.
    #[must_use]
    pub fn release(&self) -> Option<(&str, &str)> {
        let stem = self.file.as_str().strip_suffix(".whl")?;
        let parts: Vec<&str> = stem.split('-').collect();
        let is_plain =
            |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+!".contains(&b));
        let is_wheel = matches!(parts.len(), 5 | 6) && parts.iter().all(is_plain);
        is_wheel.then(|| (parts[0], parts[1]))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WheelWire {
    file: String,
    size: u64,
    sha256: Sha256,
}

impl WheelWire {
    fn of(wheel: &LockedWheel) -> Self {
        Self { file: wheel.file.to_string(), size: wheel.digest.size, sha256: wheel.digest.hash }
    }

    fn into_model(self) -> Result<LockedWheel, FrozenLockError> {
        let digest = Digest { hash: self.sha256, size: self.size };
        let wheel = self.file.parse().ok().map(|file| LockedWheel { file, digest });
        wheel.filter(|wheel| wheel.release().is_some()).ok_or(FrozenLockError::Wheel(self.file))
    }
}

/// Debian packages and where they were found. They are in the lock because the archive's list names later versions some day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackages {
    /// The indexes that name them, in the order of the suites.
    pub indexes: Vec<DebIndex>,
    /// The packages, in the order of their purls.
    pub debs: Vec<DebPin>,
}

/// What a build cache was compiled by and from. It is in the lock because the source may import further packages later, and the
/// cache is still the one that these packages make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompiledPackages {
    /// The manifest of the toolchain's image.
    pub image: Sha256,
    /// The packages that the project imported from its modules and the standard library, by the settings that they were compiled with.
    pub packages: BTreeMap<String, BTreeSet<String>>,
}

impl CompiledPackages {
    /// Names a package that is not written as an import path can be; it would be more than a word of a source file.
    fn odd(&self) -> Option<&str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~+/!@$&()*,=".contains(c);
        let is_odd = |path: &&String| path.is_empty() || !path.chars().all(plain);
        self.packages.values().flatten().find(is_odd).map(String::as_str)
    }
}

/// How frozen advisory data describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenData {
    /// When it was published or recorded, as RFC 3339 writes it.
    pub date: String,
    /// How many entries it has: vulnerabilities of a database, answers of a cassette.
    pub entries: u64,
}

impl FrozenData {
    /// Returns how old the data is; nothing when it is of the future or has no date.
    #[must_use]
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        now.duration_since(parse_rfc3339(&self.date)?).ok()
    }

    /// Whether something of this moment, as RFC 3339 writes it, may be newer than the data; what has no such date may be of any
    /// day.
    #[must_use]
    pub fn is_older_than(&self, moment: &str) -> bool {
        let read = |text| parse_rfc3339(text);
        read(moment).is_none_or(|moment| Some(moment) > read(&self.date))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrozenLockWire {
    version: u32,
    kind: String,
    made_from: Sha256,
    root: Digest,
    data: Option<FrozenData>,
    compiled: Option<CompiledPackages>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    index: Vec<IndexWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deb: Vec<DebWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wheel: Vec<WheelWire>,
}

/// Computes the checksum of what a frozen input is made from.
///
/// Hash rule: SHA-256 over the kind's name, then for each file of the client's lock, in the given order, the name and the
/// digest as `HEX/SIZE`; each item ends with a line feed.
#[must_use]
pub fn made_from(kind: FrozenKind, files: &[(&str, Digest)]) -> Sha256 {
    let mut text = format!("{}\n", kind.as_str());
    for (name, digest) in files {
        text.push_str(&format!("{name}\n{digest}\n"));
    }
    Sha256::of(text.as_bytes())
}

/// Reads a lock.
///
/// # Errors
/// [`FrozenLockError`] with line and column for a shape that does not fit.
pub fn decode(text: &str) -> Result<FrozenLock, FrozenLockError> {
    let wire: FrozenLockWire =
        toml::from_str(text).map_err(|error| FrozenLockError::Malformed(error.to_string().trim_end().to_owned()))?;
    if wire.version != FROZEN_LOCK_VERSION {
        return Err(FrozenLockError::Version { found: wire.version });
    }
    if let Some(odd) = wire.compiled.as_ref().and_then(CompiledPackages::odd) {
        return Err(FrozenLockError::Package(odd.to_owned()));
    }
    let FrozenLockWire { kind, made_from, root, data, compiled, index, deb, wheel, .. } = wire;
    let malformed = |error: TomlError| FrozenLockError::Malformed(error.to_string());
    let indexes = index.into_iter().map(|index| index.into_model(text)).collect::<Result<_, _>>().map_err(malformed)?;
    let debs: Vec<_> = deb.into_iter().map(|pin| pin.into_model(text)).collect::<Result<_, _>>().map_err(malformed)?;
    let debian = (!debs.is_empty()).then_some(LockedPackages { indexes, debs });
    let wheels = wheel.into_iter().map(WheelWire::into_model).collect::<Result<_, _>>()?;
    Ok(FrozenLock { kind, made_from, root, data, compiled, debian, wheels })
}

/// Writes a lock.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a lock of this build's")]
pub fn encode(lock: &FrozenLock) -> String {
    let wire = FrozenLockWire {
        version: FROZEN_LOCK_VERSION,
        kind: lock.kind.clone(),
        made_from: lock.made_from,
        root: lock.root,
        data: lock.data.clone(),
        compiled: lock.compiled.clone(),
        index: lock.debian.iter().flat_map(|locked| &locked.indexes).map(IndexWire::of).collect(),
        deb: lock.debian.iter().flat_map(|locked| &locked.debs).map(DebWire::of).collect(),
        wheel: lock.wheels.iter().map(WheelWire::of).collect(),
    };
    // One package a line, so that a diff shows which one came or went.
    let write = if wire.compiled.is_some() { toml::to_string_pretty } else { toml::to_string };
    let body = write(&wire).expect("a lock is plain TOML");
    let root = if lock.data.is_some() { "is the locked tree" } else { "is the tree that the step must yield" };
    format!("# Made by `rcrepro lock`; do not edit. `root` {root}.\n{body}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::image::purl::Purl;

    #[test]
    fn locks_round_trip_and_unknown_keys_are_refused() {
        let lock = FrozenLock {
            kind: "go-modules".into(),
            made_from: made_from(FrozenKind::GoModules, &[("go.mod", Digest::of(b"x"))]),
            root: Digest::of(b""),
            data: None,
            compiled: None,
            debian: None,
            wheels: Vec::new(),
        };
        let dated =
            FrozenLock { data: Some(FrozenData { date: "2026-11-23T04:00:00Z".into(), entries: 3 }), ..lock.clone() };
        assert_eq!(decode(&encode(&dated)), Ok(dated));
        let data = FrozenData { date: "1970-01-02T00:00:00Z".into(), entries: 3 };
        assert_eq!(
            data.age(SystemTime::UNIX_EPOCH + Duration::from_secs(3 * 86_400)),
            Some(Duration::from_secs(2 * 86_400))
        );
        assert_eq!(data.age(SystemTime::UNIX_EPOCH), None);
        assert!(data.is_older_than("1970-01-02T00:00:01Z") && data.is_older_than("no date"));
        assert!(!data.is_older_than("1970-01-02T00:00:00Z"));
        assert!(FrozenData { date: String::new(), entries: 0 }.is_older_than("1970-01-02T00:00:00Z"));
        let packages = BTreeMap::from([("-race".to_owned(), BTreeSet::from(["example.com/a/v2".to_owned()]))]);
        let compiled = CompiledPackages { image: Sha256::of(b"image"), packages };
        let cache = FrozenLock { compiled: Some(compiled), ..lock.clone() };
        let text = encode(&cache);
        assert_eq!(decode(&text), Ok(cache));
        let odd = text.replace("example.com/a/v2", "a\\\"; import");
        assert!(matches!(decode(&odd), Err(FrozenLockError::Package(_))), "{odd}");
        let deb = DebPin {
            purl: Purl::deb("curl", "7.88.1-10+deb12u15", "amd64"),
            path: "pool/main/c/curl/curl_7.88.1-10+deb12u15_amd64.deb".parse().expect("a good path"),
            digest: Digest::of(b"deb"),
            suite: "bookworm".to_owned(),
        };
        let repository = LockedPackages { indexes: Vec::new(), debs: vec![deb] };
        let repository = FrozenLock { debian: Some(repository), ..lock.clone() };
        let text = encode(&repository);
        assert_eq!(decode(&text), Ok(repository), "{text}");
        assert!(matches!(decode(&text.replace("pkg:deb", "pkg:npm")), Err(FrozenLockError::Malformed(_))));
        let wheel =
            LockedWheel { file: "a_b-1.0+c-py3-none-any.whl".parse().expect("a name"), digest: Digest::of(b"w") };
        assert_eq!(wheel.release(), Some(("a_b", "1.0+c")));
        let folder = FrozenLock { wheels: vec![wheel], ..lock.clone() };
        let text = encode(&folder);
        assert_eq!(decode(&text), Ok(folder), "{text}");
        for odd in ["a_b-1.0.tar.gz", "a_b-1.0-py3-none.whl", "-r x-1.0-py3-none-any.whl", "../a-1.0-py3-none-any.whl"]
        {
            let odd = text.replace("a_b-1.0+c-py3-none-any.whl", odd);
            assert!(matches!(decode(&odd), Err(FrozenLockError::Wheel(_))), "{odd}");
        }
        let text = encode(&lock);
        assert_eq!(decode(&text), Ok(lock));
        assert!(matches!(decode(&format!("{text}more = 1\n")), Err(FrozenLockError::Malformed(_))));
        assert_eq!(decode(&text.replace("version = 1", "version = 2")), Err(FrozenLockError::Version { found: 2 }));
    }
}
