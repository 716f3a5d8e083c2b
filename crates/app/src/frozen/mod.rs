//! Frozen inputs: a step with network, or a mirror of advisory data, whose tree is locked; later runs take it from the store, or
//! make it again and must meet the digest.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use self::failed_step::Blame;
use crate::workspace::attributes::write_record;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_engine::{Engine, EngineError};
use rcrepro_images::packages::PackageError;
use rcrepro_format::plan::frozen_toml::{self, FrozenLock, FrozenLockError};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::{Name, NameError};
use rcrepro_model::content::tree::{TreeError, TreeNode};
use rcrepro_model::evidence::manifest::FrozenEntry;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::{FrozenInput, FrozenKind};
use rcrepro_model::text::hint::Hint;
use rcrepro_store::door;
use rcrepro_store::export::{ExportError, is_whole, lookup};
use rcrepro_store::{BlobStore, StoreError};

mod advisories;
pub(crate) mod client;
pub mod failed_step;
pub mod go;
pub mod mirror;
mod network;
#[cfg(test)]
mod network_tests;
pub mod npm;
mod prune;
mod read_source;
pub mod today;

/// Why a frozen input could not be made, or taken from the store.
#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    /// Nothing was locked yet, or the lock is not committed.
    #[error("frozen input `{name}` has no lock: expected `{path}`, {why}")]
    NoLock {
        /// The input's name.
        name: Name,
        /// Where the lock was looked for.
        path: PathBuf,
        /// Why it is not there.
        why: String,
    },
    /// The lock is not valid.
    #[error("`{path}` is not a valid lock of a frozen input")]
    BadLock {
        /// `lockfiles/NAME.lock` of the plan's folder.
        path: PathBuf,
        /// What is wrong in it.
        #[source]
        source: FrozenLockError,
    },
    /// The lock was made from something else.
    #[error("the lock of frozen input `{name}` is stale: it was made from {locked}, the source has {found}")]
    Stale {
        /// The input's name.
        name: Name,
        /// The checksum in the lock.
        locked: Sha256,
        /// The checksum of the source's files.
        found: Sha256,
    },
    /// No step could make it from the project's files; no registry was asked.
    #[error("frozen input `{name}` cannot be made from the source:{}", each(faults))]
    Refused {
        /// The input's name.
        name: Name,
        /// What is wrong, by place.
        faults: Vec<Fault>,
    },
    /// The image that compiles it is not one of the packet's.
    #[error("frozen input `{name}` is compiled in an image that was not resolved")]
    NoImage {
        /// The input's name.
        name: Name,
    },
    /// A client fetched less than its lock pins.
    #[error("frozen input `{name}`: {client} left out {packages}, {} of {of} packages that the lock pins", packages.0.len())]
    LeftOut {
        /// The input's name.
        name: Name,
        /// The client.
        client: &'static str,
        /// Each as `NAME@VERSION`.
        packages: Abridged,
        /// How many packages the lock pins.
        of: usize,
    },
    /// What came has another checksum.
    #[error("frozen input `{name}`: the registry has other bytes than the lock pins of {packages}")]
    Altered {
        /// The input's name.
        name: Name,
        /// Each as `NAME@VERSION`.
        packages: Abridged,
    },
    /// The client's own package cannot be unpacked.
    #[error("the package of the client that installs a frozen input cannot be unpacked")]
    Client(#[from] PackageError),
    /// The step did not exit with 0.
    #[error("the step of frozen input `{name}` failed: {ending}{said}")]
    Step {
        /// The input's name.
        name: Name,
        /// How it ended, in words.
        ending: String,
        /// The lines that say why, and where all of them are.
        said: String,
        /// Whose fault it is.
        blame: Blame,
    },
    /// The network step yielded another tree than the locked one.
    #[error("frozen input `{name}` does not match its lock: expected tree {locked}, found {found}")]
    Mismatch {
        /// The input's name.
        name: Name,
        /// The locked root.
        locked: Digest,
        /// The fetched root.
        found: Digest,
    },
    /// There is no usable vulnerability database in the mirror.
    #[error("frozen input `{name}` is not a vulnerability database that a scan could rely on")]
    Vulndb {
        /// The input's name.
        name: Name,
        /// What is wrong with it.
        #[source]
        source: go::vulndb::VulndbError,
    },
    /// There is no usable cassette.
    #[error("frozen input `{name}` is not a cassette that an audit could rely on")]
    Cassette {
        /// The input's name.
        name: Name,
        /// What is wrong with it.
        #[source]
        source: npm::advisories::CassetteError,
    },
    /// The fetched tree is malformed.
    #[error("the tree of a frozen input is malformed")]
    Tree(#[from] TreeError),
    /// A file has a name that no tree can hold.
    #[error(transparent)]
    Path(#[from] NameError),
    /// The locked tree cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The engine could not decide.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A lock could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// `lockfiles/NAME.lock` of the plan's folder, or the folder of a cassette.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for FrozenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            // A lock that lies there and is not committed wants no other one.
            Self::NoLock { path, .. } if path.exists() => Some(format!("git add {} && git commit", path.display())),
            Self::NoLock { name, .. } | Self::Stale { name, .. } => Some(format!("rcrepro lock {name}")),
            Self::Mismatch { name, .. } => Some(format!(
                "the registry or mirror has other bytes than it had; if that is right: rcrepro lock {name}"
            )),
            Self::Vulndb { source: go::vulndb::VulndbError::Mirror(mirror::MirrorError::Missing { .. }), .. } => Some(
                "put the database there, or a link to it: a folder or a zip of it, with `index` and `ID`".to_owned(),
            ),
            Self::Vulndb { .. } => Some("put the whole of a published database there".to_owned()),
            Self::Cassette { name, .. } => {
                Some(format!("name an `image` for it in the plan and record it: rcrepro lock {name}"))
            }
            Self::Step { name, said, .. } if said.contains(npm::advisories::BULK) => Some(format!(
                "that registry gives no advisories; ask one that does: npm_config_registry=ADDRESS rcrepro lock {name}"
            )),
            Self::Step { blame: Blame::World, .. } => Some("rcrepro doctor says where packages come from".to_owned()),
            Self::Refused { faults, .. } => {
                let mut hints: Vec<&str> = Vec::new();
                for hint in faults.iter().filter_map(|fault| fault.hint.as_deref()) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                (!hints.is_empty()).then(|| hints.join("\nhint: "))
            }
            Self::LeftOut { client: "npm", .. } => Some(
                "package.json and its lock do not ask for the same: npm install --package-lock-only, and commit"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn each(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

/// A list whose first three entries messages show.
#[derive(Debug)]
pub struct Abridged(pub Vec<String>);

impl std::fmt::Display for Abridged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = 3;
        f.write_str(&self.0[..self.0.len().min(shown)].join(", "))?;
        if self.0.len() > shown { write!(f, " and {} more", self.0.len() - shown) } else { Ok(()) }
    }
}

/// What a frozen input is made from, and where.
#[derive(Clone, Copy)]
pub struct FrozenStep<'a> {
    /// The input's name.
    pub name: &'a Name,
    /// Its table in the plan.
    pub input: &'a FrozenInput,
    /// Whether no command that uses it heeds a `go.work`.
    pub alone: bool,
    /// The plan's folder; locks are in `lockfiles/` below it.
    pub folder: &'a Path,
    /// Where locks are read from.
    pub files: &'a PlanFiles,
    /// The source tree's root.
    pub source: Digest,
    /// The image that the step with network runs in, confirmed; `None` where the plan names none.
    pub image: Option<&'a ImageIdentity>,
    /// REAPI's `ISA`.
    pub isa: &'a str,
    /// Where blobs live.
    pub store: &'a dyn BlobStore,
    /// Where the step runs.
    pub engine: &'a dyn Engine,
    /// Stops the step.
    pub cancel: &'a CancellationToken,
}

/// Where a frozen input came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provenance {
    /// It was in the store, whole.
    Store,
    /// It was fetched, and met the lock.
    Fetched,
    /// It was read from a mirror or a folder beside the plan, and met the lock.
    Mirror,
    /// It was compiled, and met the lock.
    Compiled,
}

/// Gives the path of an input's lock.
#[must_use]
pub fn lock_path(folder: &Path, name: &Name) -> PathBuf {
    folder.join("lockfiles").join(format!("{name}.lock"))
}

impl FrozenStep<'_> {
    /// Makes sure that the locked tree is in the store, where necessary through the network.
    ///
    /// # Errors
    /// [`FrozenError`] when the lock is missing, damaged or stale, or the fetched tree does not meet it.
    pub(crate) async fn ensure(&self) -> Result<(FrozenEntry, Provenance), FrozenError> {
        let path = lock_path(self.folder, self.name);
        let text = self.files.read_to_string(&path).map_err(|_| {
            let why = self.files.absent(&path);
            FrozenError::NoLock { name: self.name.clone(), path: path.clone(), why }
        })?;
        let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
        let found = self.made_from()?;
        if lock.made_from != found || lock.kind != self.input.kind.as_str() {
            return Err(FrozenError::Stale { name: self.name.clone(), locked: lock.made_from, found });
        }
        let entry = FrozenEntry { lock: self.store.put(text.as_bytes())?, root: lock.root };
        if is_whole(self.store, lock.root)? {
            return Ok((entry, Provenance::Store));
        }
        let (found, provenance) = match self.input.kind {
            FrozenKind::GoModules
            | FrozenKind::NpmPackages
            | FrozenKind::PnpmPackages
            | FrozenKind::YarnPackages => (self.fetch().await?, Provenance::Fetched),
            FrozenKind::GoStd => (self.compile().await?, Provenance::Compiled),
            FrozenKind::GoVulndb | FrozenKind::NpmAdvisories => (self.mirrored()?.0, Provenance::Mirror),
        };
        if found != lock.root {
            return Err(FrozenError::Mismatch { name: self.name.clone(), locked: lock.root, found });
        }
        Ok((entry, provenance))
    }

    /// Fetches the tree and writes its lock; gives the lock's path and whether it changed. What was recorded once, and
    /// cannot be had again, is recorded anew only when the input was `named`.
    ///
    /// # Errors
    /// [`FrozenError`] when the step fails or the lock cannot be written.
    pub async fn lock(&self, named: bool) -> Result<(PathBuf, bool), FrozenError> {
        let path = lock_path(self.folder, self.name);
        let (root, data) = match self.input.kind {
            FrozenKind::GoModules
            | FrozenKind::NpmPackages
            | FrozenKind::PnpmPackages
            | FrozenKind::YarnPackages => (self.fetch().await?, None),
            FrozenKind::GoStd => (self.compile().await?, None),
            FrozenKind::NpmAdvisories if self.image.is_some() && (named || !self.mirror_path().exists()) => {
                self.record().await?
            }
            FrozenKind::GoVulndb | FrozenKind::NpmAdvisories => self.mirrored()?,
        };
        let lock = FrozenLock { kind: self.input.kind.as_str().to_owned(), made_from: self.made_from()?, root, data };
        let text = frozen_toml::encode(&lock);
        let changed = door::read_text(&path, door::RECORD_LIMIT).ok().as_deref() != Some(text.as_str());
        if changed {
            write_record(&path, text.as_bytes()).map_err(|source| FrozenError::Write { path: path.clone(), source })?;
        }
        Ok((path, changed))
    }

    fn made_from(&self) -> Result<Sha256, FrozenError> {
        if self.input.kind.is_advisories() || self.input.kind == FrozenKind::GoStd {
            let toolchain = self.image.map(|image| image.manifest);
            return Ok(made_from(self.name, self.input, self.source, toolchain, self.alone, self.store)?.0);
        }
        Ok(frozen_toml::made_from(self.input.kind, &client::hashed(self.input, &self.client_files()?)))
    }
}

/// Computes the checksum of what a frozen input is made from: files of the source tree, or the image and the lines that compile
/// it, and tells whether that is all: what `go.mod` refers to is known from its text only. `toolchain` is the manifest of
/// the image that the plan names, `alone` as in [`FrozenStep`]. Of the source only its directories are needed.
///
/// # Errors
/// [`FrozenError`] when the source has no such file, or its directories cannot be read.
pub(crate) fn made_from(
    name: &Name,
    input: &FrozenInput,
    source: Digest,
    toolchain: Option<Sha256>,
    alone: bool,
    store: &dyn BlobStore,
) -> Result<(Sha256, bool), FrozenError> {
    // What a mirror has is known by its content alone; whether recorded answers still fit the client's lock is seen when
    // the client asks.
    if input.kind.is_advisories() {
        return Ok((frozen_toml::made_from(input.kind, &[]), true));
    }
    if input.kind == FrozenKind::GoStd {
        let toolchain = toolchain.ok_or_else(|| FrozenError::NoImage { name: name.clone() })?;
        let toolchain = Digest::of(toolchain.to_oci().as_bytes());
        let lines = input.lines.iter().map(|line| ("line", Digest::of(line.as_bytes())));
        let made_from: Vec<_> = [("image", toolchain)].into_iter().chain(lines).collect();
        return Ok((frozen_toml::made_from(input.kind, &made_from), true));
    }
    let find = |path: &str| match lookup(store, source, &path.parse()?)? {
        Some(TreeNode::File { digest, .. }) => Ok::<_, FrozenError>(Some(digest)),
        _ => Ok(None),
    };
    let read = |digest: Digest| store.get(digest).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (files, whole) = client::digests(input, alone, &find, &read)?;
    let files = files.map_err(|fault| FrozenError::Refused { name: name.clone(), faults: vec![fault] })?;
    Ok((frozen_toml::made_from(input.kind, &client::hashed(input, &files)), whole))
}
