//! The certified repository: its plan, its manifests, its source.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::format::plan_toml::{self, PlanError};
use crate::model::digest::Digest;
use crate::model::name::TreePath;
use crate::model::plan::{Packet, PacketId, Plan};
use crate::normalize;
use crate::store::BlobStore;
use crate::store::ingest::{GitError, GitSource, IngestedSource, Limits, Visited, ingest_git, visit_git};

/// Globs, relative to the plan's folder, of the records that rcrepro writes there.
const RECORDS: [&str; 5] = ["manifests/**", "approvals/**", "scopes/**", "gates/**", "today/**"];

/// The plan's file name.
pub const PLAN_FILE: &str = "rcrepro.toml";

/// Says why a workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no plan.
    #[error("no plan at `{path}`")]
    NoPlan {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The plan has a mistake in it.
    #[error("{path}:{source}")]
    Plan {
        /// The plan's path.
        path: PathBuf,
        /// The mistake and its place.
        source: PlanError,
    },
    /// The plan has no such packet.
    #[error("the plan has no packet `{packet}`")]
    NoPacket {
        /// The packet.
        packet: PacketId,
        /// The packets that it has.
        known: Vec<String>,
    },
    /// The folder is in no git repository.
    #[error("`{folder}` is in no git repository: the certified source is the tracked tree of a commit")]
    NoRepository {
        /// The plan's folder.
        folder: PathBuf,
    },
    /// The source could not be read.
    #[error("cannot read the certified source")]
    Source(#[from] GitError),
}

/// Is a folder with a plan.
#[derive(Debug)]
pub struct Workspace {
    /// The plan's folder, absolute.
    pub folder: PathBuf,
    /// The plan's bytes.
    pub plan_bytes: Vec<u8>,
    /// The plan.
    pub plan: Plan,
}

impl Workspace {
    /// Reads the plan of a folder.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is none or it has a mistake.
    pub fn open(folder: &Path) -> Result<Self, WorkspaceError> {
        let shown = if folder == Path::new(".") { PathBuf::from(PLAN_FILE) } else { folder.join(PLAN_FILE) };
        let no_plan = |source| WorkspaceError::NoPlan { path: shown.clone(), source };
        let plan_bytes = std::fs::read(folder.join(PLAN_FILE)).map_err(no_plan)?;
        let folder = folder.canonicalize().map_err(no_plan)?;
        let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
        let text = String::from_utf8_lossy(&plan_bytes);
        let plan =
            plan_toml::parse(&text, &names).map_err(|source| WorkspaceError::Plan { path: shown.clone(), source })?;
        Ok(Self { folder, plan_bytes, plan })
    }

    /// Gives the digest of the plan's bytes.
    #[must_use]
    pub fn plan_digest(&self) -> Digest {
        Digest::of(&self.plan_bytes)
    }

    /// Looks a packet up.
    ///
    /// # Errors
    /// [`WorkspaceError::NoPacket`].
    pub fn packet(&self, id: &PacketId) -> Result<&Packet, WorkspaceError> {
        self.plan.packets.get(id).ok_or_else(|| WorkspaceError::NoPacket {
            packet: id.clone(),
            known: self.plan.packets.keys().map(ToString::to_string).collect(),
        })
    }

    /// Gives the path of a packet's committed manifest.
    #[must_use]
    pub fn manifest_path(&self, packet: &PacketId) -> PathBuf {
        self.folder.join("manifests").join(format!("{packet}.json"))
    }

    /// Gives the path of a packet's committed scope record.
    #[must_use]
    pub fn scope_path(&self, packet: &PacketId) -> PathBuf {
        self.folder.join("scopes").join(format!("{packet}.json"))
    }

    /// Gives the path of the record of a packet's scans with advisory data of today.
    #[must_use]
    pub fn today_path(&self, packet: &PacketId) -> PathBuf {
        self.folder.join("today").join(format!("{packet}.json"))
    }

    /// Lists globs of the files that rcrepro itself writes: its records, and the documents with written sections.
    #[must_use]
    pub fn written(&self) -> Vec<String> {
        let generated = self.plan.documents.generated.iter().map(|path| globset::escape(path.as_str()));
        RECORDS.map(str::to_owned).into_iter().chain(generated).collect()
    }

    /// Stores the tracked tree of a commit, less what the plan excludes. What rcrepro writes is always excluded: a tree
    /// cannot hold its own digest.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or the commit cannot be read.
    pub fn ingest_source(&self, revision: &str, store: &dyn BlobStore) -> Result<IngestedSource, WorkspaceError> {
        let (repository, folder) = self.repository()?;
        let exclude = self.exclude();
        let source = GitSource { repository: &repository, revision, folder: folder.as_ref(), exclude: &exclude };
        Ok(ingest_git(store, &source, Limits::default())?)
    }

    /// Shows every tracked path of a commit below the plan's folder, what the plan excludes among them, and gives the
    /// commit's id.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or the commit cannot be read.
    pub fn visit_source(
        &self,
        revision: &str,
        visit: &mut dyn FnMut(&str, Visited<'_>),
    ) -> Result<String, WorkspaceError> {
        let (repository, folder) = self.repository()?;
        let exclude = GlobSet::empty();
        let source = GitSource { repository: &repository, revision, folder: folder.as_ref(), exclude: &exclude };
        Ok(visit_git(&source, Limits::default(), visit)?)
    }

    /// Finds the work tree that the plan's folder belongs to, and where in it the folder is; none for its root.
    ///
    /// # Errors
    /// [`WorkspaceError::NoRepository`].
    pub fn repository(&self) -> Result<(PathBuf, Option<TreePath>), WorkspaceError> {
        let repository = self
            .folder
            .ancestors()
            .find(|folder| folder.join(".git").exists())
            .ok_or_else(|| WorkspaceError::NoRepository { folder: self.folder.clone() })?;
        let below = self.folder.strip_prefix(repository).ok().and_then(Path::to_str).unwrap_or_default();
        Ok((repository.to_owned(), below.parse().ok()))
    }

    /// Gives the globs, relative to the plan's folder, of the records that rcrepro writes, without the documents.
    #[must_use]
    pub fn records() -> GlobSet {
        set(RECORDS)
    }

    fn exclude(&self) -> GlobSet {
        set(self.plan.exclude.iter().chain(&self.written()).map(String::as_str))
    }
}

fn set<'a>(globs: impl IntoIterator<Item = &'a str>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).expect("the plan's globs were checked when it was parsed"));
    }
    set.build().expect("the plan's globs were checked when it was parsed")
}
