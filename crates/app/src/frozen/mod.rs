//! Frozen inputs: a step with network, or a mirror of advisory data, whose tree is locked; later runs take it from the store, or
//! make it again and must meet the digest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::client::ClientFile;
use self::go::settings::BuildCache;
use crate::workspace::attributes::write_record;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_engine::{Engine, EngineError};
use rcrepro_format::plan::frozen_toml::{self, CompiledPackages, FrozenLock};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::manifest::FrozenEntry;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::plan::{FrozenInput, FrozenKind};
use rcrepro_store::door;
use rcrepro_store::export::{is_whole, lookup};
use rcrepro_store::{BlobStore, Claim};

pub use denied::DeniedRegistry;
pub use error::{Abridged, FrozenError};

mod access;
mod advisories;
pub(crate) mod client;
mod debian;
mod denied;
mod error;
pub mod failed_step;
pub mod go;
pub mod mirror;
mod network;
#[cfg(test)]
mod network_tests;
pub mod npm;
mod prune;
pub(crate) mod python;
pub(crate) mod read_source;
pub mod today;

/// How often it is looked whether another process has made a tree.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What a frozen input is made from, and where.
#[derive(Clone)]
pub struct FrozenStep<'a> {
    /// The input's name.
    pub name: &'a Name,
    /// Its table in the plan.
    pub input: &'a FrozenInput,
    /// What it is compiled from, of a build cache.
    pub cache: Option<BuildCache<'a>>,
    /// The tree of the modules that it is compiled from; needed only where it is not in the store.
    pub modules: Option<Digest>,
    /// Whether no command that uses it heeds a `go.work`.
    pub alone: bool,
    /// Whether the step gets variables of this machine that settings of the source name: where the input is locked, and never for
    /// a run or replay of what a stranger wrote, who also says to which host they go.
    pub is_trusted: bool,
    /// The plan's folder; locks are in `lockfiles/` below it.
    pub folder: &'a Path,
    /// Where locks are read from.
    pub files: &'a PlanFiles,
    /// The source tree's root.
    pub source: Digest,
    /// The image that the step with network runs in, confirmed; `None` where the plan names none.
    pub image: Option<&'a ImageIdentity>,
    /// The definition of that image, relative to the plan's folder; `None` where it is pulled.
    pub definition: Option<&'a str>,
    /// Says where packages are asked for.
    pub config: &'a UserConfig,
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

/// Reads the lock of an input of a kind, with its text. Whether it [`fits`] the source is not looked at.
///
/// # Errors
/// [`FrozenError`] when the lock is missing, damaged or of another kind.
pub(crate) fn read_lock(
    name: &Name,
    kind: FrozenKind,
    folder: &Path,
    files: &PlanFiles,
) -> Result<(String, FrozenLock), FrozenError> {
    let path = lock_path(folder, name);
    let text = files.read_to_string(&path).map_err(|error| {
        let is_gone = error.kind() == std::io::ErrorKind::NotFound;
        let why = if is_gone { files.absent(&path) } else { error.to_string() };
        FrozenError::NoLock { name: name.clone(), path: path.clone(), why }
    })?;
    let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
    if lock.kind != kind.as_str() {
        return Err(FrozenError::OtherKind { name: name.clone(), locked: lock.kind, kind: kind.as_str() });
    }
    Ok((text, lock))
}

/// Refuses a lock that was made from something else than what was found.
///
/// # Errors
/// [`FrozenError::Stale`].
pub(crate) fn fits(name: &Name, lock: &FrozenLock, found: Sha256) -> Result<(), FrozenError> {
    if lock.made_from == found {
        return Ok(());
    }
    Err(FrozenError::Stale { name: name.clone(), locked: lock.made_from, found })
}

impl FrozenStep<'_> {
    /// Makes sure that the locked tree is in the store, where necessary through the network.
    ///
    /// # Errors
    /// [`FrozenError`] when the lock is missing, damaged or stale, or the fetched tree does not meet it.
    pub(crate) async fn ensure(&self) -> Result<(FrozenEntry, Provenance), FrozenError> {
        let (text, lock) = read_lock(self.name, self.input.kind, self.folder, self.files)?;
        fits(self.name, &lock, self.made_from()?)?;
        let entry = FrozenEntry { lock: self.store.put(text.as_bytes())?, root: lock.root };
        let Some(_claim) = self.claimed(lock.root).await? else { return Ok((entry, Provenance::Store)) };
        let (found, provenance) = match self.input.kind {
            FrozenKind::GoModules | FrozenKind::NpmPackages | FrozenKind::PnpmPackages | FrozenKind::YarnPackages => {
                (self.fetch().await?, Provenance::Fetched)
            }
            FrozenKind::DebianPackages => {
                let locked = lock.debian.ok_or_else(|| FrozenError::NoPackages { name: self.name.clone() })?;
                (self.repository(&locked).await?, Provenance::Fetched)
            }
            FrozenKind::PythonPackages => (self.folder_of_wheels(&lock.wheels).await?, Provenance::Fetched),
            FrozenKind::GoStd => (self.compile().await?, Provenance::Compiled),
            FrozenKind::GoBuildCache => {
                let nothing = || CompiledPackages { image: self.toolchain().manifest, packages: BTreeMap::new() };
                (self.compile_packages(&lock.compiled.unwrap_or_else(nothing)).await?, Provenance::Compiled)
            }
            FrozenKind::GoVulndb | FrozenKind::NpmAdvisories => (self.mirrored()?.0, Provenance::Mirror),
        };
        if found != lock.root {
            return Err(FrozenError::Mismatch { name: self.name.clone(), locked: lock.root, found });
        }
        Ok((entry, provenance))
    }

    /// Claims the making of the tree; none when the store has it, perhaps because another process that was waited for has made it.
    async fn claimed(&self, root: Digest) -> Result<Option<Claim>, FrozenError> {
        loop {
            if is_whole(self.store, root)? {
                return Ok(None);
            }
            if let Some(claim) = self.store.claim(root)? {
                // It may have come between the two looks.
                return Ok((!is_whole(self.store, root)?).then_some(claim));
            }
            tokio::select! {
                () = self.cancel.cancelled() => {
                    return Err(EngineError::Interrupted { label: self.name.to_string() }.into());
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Fetches the tree and writes its lock; gives the lock's path and whether it changed. What was recorded once, and
    /// cannot be had again, is recorded anew only when the input was `named`.
    ///
    /// # Errors
    /// [`FrozenError`] when the step fails or the lock cannot be written.
    pub async fn lock(&self, named: bool) -> Result<(PathBuf, bool), FrozenError> {
        Self { is_trusted: true, ..self.clone() }.write_lock(named).await
    }

    async fn write_lock(&self, named: bool) -> Result<(PathBuf, bool), FrozenError> {
        let path = lock_path(self.folder, self.name);
        let (mut compiled, mut debian, mut wheels) = (None, None, Vec::new());
        let (root, data) = match self.input.kind {
            FrozenKind::GoModules | FrozenKind::NpmPackages | FrozenKind::PnpmPackages | FrozenKind::YarnPackages => {
                (self.fetch().await?, None)
            }
            FrozenKind::DebianPackages => (self.repository(debian.insert(self.choose_packages().await?)).await?, None),
            FrozenKind::PythonPackages => {
                wheels = self.choose_wheels().await?;
                (self.folder_of_wheels(&wheels).await?, None)
            }
            FrozenKind::GoStd => (self.compile().await?, None),
            FrozenKind::GoBuildCache => {
                let packages = compiled.insert(self.imported().await?);
                (self.compile_packages(packages).await?, None)
            }
            FrozenKind::NpmAdvisories if self.image.is_some() && (named || !self.mirror_path().exists()) => {
                self.record().await?
            }
            FrozenKind::GoVulndb | FrozenKind::NpmAdvisories => self.mirrored()?,
        };
        let (kind, made_from) = (self.input.kind.as_str().to_owned(), self.made_from()?);
        let lock = FrozenLock { kind, made_from, root, data, compiled, debian, wheels };
        let text = frozen_toml::encode(&lock);
        let changed = door::read_text(&path, door::RECORD_LIMIT).ok().as_deref() != Some(text.as_str());
        if changed {
            write_record(&path, text.as_bytes()).map_err(|source| FrozenError::Write { path: path.clone(), source })?;
        }
        Ok((path, changed))
    }

    fn made_from(&self) -> Result<Sha256, FrozenError> {
        let toolchain = self.image.map(|image| image.manifest);
        match self.input.kind {
            FrozenKind::GoBuildCache => {
                let files = self.client_files()?;
                let cache = self.cache.as_ref();
                let cache = cache.expect("the plan's reader wants modules for a build cache");
                cache_made_from(self.name, cache, toolchain, &files)
            }
            kind if kind.is_advisories() || kind.is_made_of_an_image() => {
                Ok(made_from(self.name, (self.input, None, self.alone), self.source, toolchain, self.store)?.0)
            }
            kind => Ok(frozen_toml::made_from(kind, &client::hashed(self.input, &self.client_files()?))),
        }
    }
}

/// Computes the checksum of what a frozen input is made from: files of the source tree, or the image and the lines that compile
/// it, or for a build cache both; and tells whether that is all: what `go.mod` refers to is known from its text only. `toolchain`
/// is the manifest of the image that the plan names; the last of what it is made from is `alone` of [`FrozenStep`]. Of the
/// source only its directories are needed.
///
/// # Errors
/// [`FrozenError`] when the source has no such file, or its directories cannot be read.
pub(crate) fn made_from(
    name: &Name,
    (input, cache, alone): (&FrozenInput, Option<&BuildCache<'_>>, bool),
    source: Digest,
    toolchain: Option<Sha256>,
    store: &dyn BlobStore,
) -> Result<(Sha256, bool), FrozenError> {
    // What a mirror has is known by its content alone; whether recorded answers still fit the client's lock is seen when
    // the client asks.
    if input.kind.is_advisories() {
        return Ok((frozen_toml::made_from(input.kind, &[]), true));
    }
    if input.kind.is_made_of_an_image() {
        let toolchain = toolchain.ok_or_else(|| FrozenError::NoImage { name: name.clone() })?;
        let toolchain = Digest::of(toolchain.to_oci().as_bytes());
        let lines = input.lines.iter().map(|line| ("line", Digest::of(line.as_bytes())));
        let packages = input.packages.iter().map(|package| ("package", Digest::of(package.as_bytes())));
        let made_from: Vec<_> = [("image", toolchain)].into_iter().chain(lines).chain(packages).collect();
        return Ok((frozen_toml::made_from(input.kind, &made_from), true));
    }
    let find = |path: &str| match lookup(store, source, &path.parse()?)? {
        Some(TreeNode::File { digest, .. }) => Ok::<_, FrozenError>(Some(digest)),
        _ => Ok(None),
    };
    let read = |digest: Digest| store.get(digest).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (files, whole) = client::digests(cache.map_or(input, |cache| cache.input), alone, &find, &read)?;
    let files = files.map_err(|fault| FrozenError::Refused { name: name.clone(), faults: vec![fault] })?;
    if let Some(cache) = cache {
        return Ok((cache_made_from(name, cache, toolchain, &files)?, whole));
    }
    Ok((frozen_toml::made_from(input.kind, &client::hashed(input, &files)), whole))
}

/// Computes the checksum of what a build cache is made from: the image, where commands see the modules, the settings, and the
/// files of the client's lock.
pub(crate) fn cache_made_from(
    name: &Name,
    cache: &BuildCache<'_>,
    toolchain: Option<Sha256>,
    files: &[ClientFile],
) -> Result<Sha256, FrozenError> {
    let toolchain = toolchain.ok_or_else(|| FrozenError::NoImage { name: name.clone() })?;
    let text = |text: String| Digest::of(text.as_bytes());
    let mut from = vec![("image", text(toolchain.to_oci())), ("modules", text(cache.modules.to_string()))];
    from.extend(cache.builds.iter().map(|(settings, checks)| {
        let checks = format!("{}{}", if checks.vet { " vet" } else { "" }, if checks.test { " test" } else { "" });
        ("build", text(format!("{settings}{checks}")))
    }));
    from.extend(files.iter().map(|file| (file.name.as_str(), file.digest)));
    Ok(frozen_toml::made_from(FrozenKind::GoBuildCache, &from))
}
