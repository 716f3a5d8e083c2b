//! Frozen inputs: a step with network whose output tree is locked; later runs take it from the store or fetch it again
//! and must meet the digest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::host_network;
use crate::app::files::write_whole;
use crate::engine::{Engine, EngineError, Execution, Limits, Network};
use crate::format::frozen_toml::{self, FrozenLock, FrozenLockError};
use crate::model::action::{Action, Command, Ending, Output, Platform};
use crate::model::derive;
use crate::model::digest::{Digest, Sha256};
use crate::model::image::ImageIdentity;
use crate::model::manifest::FrozenEntry;
use crate::model::name::{Name, TreePath};
use crate::model::plan::{FrozenInput, FrozenKind};
use crate::model::tree::{Directory, Node, TreeBuilder, TreeError};
use crate::model::world::World;
use crate::store::export::{ExportError, is_whole};
use crate::store::{BlobStore, StoreError};

pub mod go_modules;
pub mod npm_packages;
mod prune;

/// Says why a frozen input could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    /// There is no lock.
    #[error("frozen input `{name}` has no lock: expected `{path}`")]
    NoLock {
        /// The input's name.
        name: Name,
        /// Where the lock was looked for.
        path: PathBuf,
    },
    /// The lock cannot be read.
    #[error("`{path}` is no lock of a frozen input")]
    BadLock {
        /// The lock's path.
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
    /// The source lacks a file of the client's lock.
    #[error("frozen input `{name}` needs `{path}` in the source tree")]
    NoSource {
        /// The input's name.
        name: Name,
        /// The missing file.
        path: String,
    },
    /// The network step did not succeed.
    #[error("the network step of frozen input `{name}` failed ({ending}):\n{tail}")]
    Step {
        /// The input's name.
        name: Name,
        /// How it ended.
        ending: String,
        /// The end of its output.
        tail: String,
    },
    /// The network step yielded another tree than the locked one.
    #[error("frozen input `{name}` does not meet its lock: expected tree {locked}, fetched {found}")]
    Mismatch {
        /// The input's name.
        name: Name,
        /// The locked root.
        locked: Digest,
        /// The fetched root.
        found: Digest,
    },
    /// The npm lock pins too little.
    #[error(transparent)]
    Npm(#[from] npm_packages::NpmLockError),
    /// The fetched tree is malformed.
    #[error("the tree of a frozen input is malformed")]
    Tree(#[from] TreeError),
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
        /// The lock's path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Gathers what a frozen input is made with.
#[derive(Clone, Copy)]
pub struct FrozenStep<'a> {
    /// The input's name.
    pub name: &'a Name,
    /// What the plan says of it.
    pub input: &'a FrozenInput,
    /// The plan's folder; locks stand in `lockfiles/` below it.
    pub folder: &'a Path,
    /// The source tree's root.
    pub source: Digest,
    /// The image that the step runs in, confirmed.
    pub image: &'a ImageIdentity,
    /// REAPI's `ISA`.
    pub isa: &'a str,
    /// Where blobs live.
    pub store: &'a dyn BlobStore,
    /// Where the step runs.
    pub engine: &'a dyn Engine,
    /// Stops the step.
    pub cancel: &'a CancellationToken,
}

/// Says how a frozen input was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// It was in the store, whole.
    Store,
    /// It was fetched, and met the lock.
    Fetched,
}

/// Gives the path of an input's lock.
#[must_use]
pub fn lock_path(folder: &Path, name: &Name) -> PathBuf {
    folder.join("lockfiles").join(format!("{name}.lock"))
}

impl FrozenStep<'_> {
    /// Has the locked tree in the store, from there or through the network.
    ///
    /// # Errors
    /// [`FrozenError`] when the lock is missing, damaged or stale, or the fetched tree does not meet it.
    pub async fn ensure(&self) -> Result<(FrozenEntry, Provenance), FrozenError> {
        let path = lock_path(self.folder, self.name);
        let text = std::fs::read_to_string(&path)
            .map_err(|_| FrozenError::NoLock { name: self.name.clone(), path: path.clone() })?;
        let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
        let found = self.made_from()?;
        if lock.made_from != found || lock.kind != self.input.kind.as_str() {
            return Err(FrozenError::Stale { name: self.name.clone(), locked: lock.made_from, found });
        }
        let entry = FrozenEntry { lock: self.store.put(text.as_bytes())?, root: lock.root };
        if is_whole(self.store, lock.root)? {
            return Ok((entry, Provenance::Store));
        }
        let found = self.fetch().await?;
        if found != lock.root {
            return Err(FrozenError::Mismatch { name: self.name.clone(), locked: lock.root, found });
        }
        Ok((entry, Provenance::Fetched))
    }

    /// Fetches the tree and writes its lock; gives the lock's path and whether it changed.
    ///
    /// # Errors
    /// [`FrozenError`] when the step fails or the lock cannot be written.
    pub async fn lock(&self) -> Result<(PathBuf, bool), FrozenError> {
        let path = lock_path(self.folder, self.name);
        let lock = FrozenLock {
            kind: self.input.kind.as_str().to_owned(),
            made_from: self.made_from()?,
            root: self.fetch().await?,
        };
        let text = frozen_toml::encode(&lock);
        let changed = std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str());
        if changed {
            write_whole(&path, text.as_bytes()).map_err(|source| FrozenError::Write { path: path.clone(), source })?;
        }
        Ok((path, changed))
    }

    fn lock_files(&self) -> Result<Vec<(&'static str, Node)>, FrozenError> {
        let names = match self.input.kind {
            FrozenKind::GoModules => go_modules::LOCK_FILES,
            FrozenKind::NpmPackages => npm_packages::LOCK_FILES,
        };
        let mut directory = Directory::decode(&self.store.get(self.source)?)?;
        let missing = |file: &str| FrozenError::NoSource {
            name: self.name.clone(),
            path: self.input.directory.as_ref().map_or_else(|| file.to_owned(), |at| format!("{at}/{file}")),
        };
        for segment in self.input.directory.iter().flat_map(TreePath::segments) {
            let Some(Node::Directory { digest }) = directory.entries.get(&segment) else {
                return Err(missing(names[0]));
            };
            directory = Directory::decode(&self.store.get(*digest)?)?;
        }
        let mut files = Vec::new();
        for name in names {
            let key: Name = name.parse().expect("a constant name");
            match directory.entries.get(&key) {
                Some(node @ Node::File { .. }) => files.push((name, node.clone())),
                _ => return Err(missing(name)),
            }
        }
        Ok(files)
    }

    fn made_from(&self) -> Result<Sha256, FrozenError> {
        let files: Vec<(&str, Digest)> = self
            .lock_files()?
            .into_iter()
            .filter_map(|(name, node)| match node {
                Node::File { digest, .. } => Some((name, digest)),
                _ => None,
            })
            .collect();
        Ok(frozen_toml::made_from(self.input.kind, &files))
    }

    /// Runs the network step and gives the root of what is kept of its output.
    async fn fetch(&self) -> Result<Digest, FrozenError> {
        let (line, output) = match self.input.kind {
            FrozenKind::GoModules => (go_modules::LINE, go_modules::OUTPUT),
            FrozenKind::NpmPackages => (npm_packages::LINE, npm_packages::OUTPUT),
        };
        let output: TreePath = output.parse().expect("a constant path");
        let action = self.action(line, &output)?;
        let label = format!("frozen/{}", self.name);
        let execution = Execution {
            action: &action,
            image: self.image,
            label: &label,
            // Certificates are valid in real time only.
            world: &World::real(),
            turn: None,
            limits: Limits { memory: 4 << 30, pids: 4096 },
            network: Network::Transport {
                environment: host_network::environment(),
                ca_bundle: host_network::ca_bundle(),
            },
        };
        let executed = self.engine.execute(&execution, self.store, self.cancel).await?;
        let root = match (&executed.ending, executed.result.outputs.get(&output)) {
            (Ending::Exited { code: 0 }, Some(Output::Directory { root })) => *root,
            (Ending::Exited { code: 0 }, _) => return self.empty(),
            (ending, _) => {
                let tail = [executed.result.stdout, executed.result.stderr].map(|stream| self.tail(stream)).concat();
                return Err(FrozenError::Step { name: self.name.clone(), ending: format!("{ending:?}"), tail });
            }
        };
        match self.input.kind {
            FrozenKind::GoModules => Ok(prune::filter(self.store, root, &go_modules::keep)?),
            FrozenKind::NpmPackages => self.npm_cache(root),
        }
    }

    /// Gives the empty tree: a client that fetched nothing, because its lock names nothing.
    fn empty(&self) -> Result<Digest, FrozenError> {
        Ok(self.store.put(&Directory::default().encode())?)
    }

    fn action(&self, line: &str, output: &TreePath) -> Result<Action, FrozenError> {
        let mut work = Directory::default();
        for (name, node) in self.lock_files()? {
            work.entries.insert(name.parse().expect("a constant name"), node);
        }
        let messages = derive::input_root(self.store.put(&work.encode())?, []);
        for message in &messages {
            self.store.put(message)?;
        }
        Ok(Action {
            command: Command {
                arguments: ["/bin/bash", "-c", line].map(String::from).to_vec(),
                environment: derive::fixed_environment(0),
                output_paths: [output.clone()].into(),
                working_directory: derive::work_path(),
                platform: Platform {
                    image_name: self.image.name.clone(),
                    image_manifest: self.image.manifest,
                    isa: self.isa.to_owned(),
                },
            },
            input_root: Digest::of(messages.last().expect("the root is always there")),
            timeout: Duration::from_secs(1800),
        })
    }

    fn npm_cache(&self, content: Digest) -> Result<Digest, FrozenError> {
        let fetched = prune::files(self.store, content)?;
        let lock = self.lock_files()?.into_iter().find_map(|(name, node)| match node {
            Node::File { digest, .. } if name == "package-lock.json" => Some(digest),
            _ => None,
        });
        let lock = self.store.get(lock.expect("lock_files checked that it is there"))?;
        let mut present = Vec::new();
        let mut builder = TreeBuilder::default();
        for package in npm_packages::locked_packages(&lock)? {
            let Some(digest) = fetched.get(&package.content_path) else { continue };
            let path = format!("_cacache/content-v2/{}", package.content_path).parse().expect("hex segments");
            // Two names may share one tarball.
            if !present
                .iter()
                .any(|(other, _): &(npm_packages::LockedPackage, u64)| other.content_path == package.content_path)
            {
                builder.insert(&path, Node::File { digest: *digest, executable: false })?;
            }
            present.push((package, digest.size));
        }
        for (path, bytes) in npm_packages::cache_files(&present) {
            let digest = self.store.put(&bytes)?;
            let path = path.parse().expect("hex segments");
            builder.insert(&path, Node::File { digest, executable: false })?;
        }
        Ok(builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }

    fn tail(&self, stream: Digest) -> String {
        let bytes = self.store.get(stream).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned();
        text.lines().map(|line| format!("  | {line}\n")).collect()
    }
}
