//! The certified repository: its plan, its manifests, its source.

pub mod attributes;
pub mod check;
mod error;
pub mod files;
mod look;
pub mod missing;
mod needed_images;
pub mod next;
pub mod plan_files;
pub mod project;
pub mod release_commit;
pub mod source;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

pub use error::WorkspaceError;

use crate::workspace::plan_files::{PlanFiles, resolved, short};
use rcrepro_format::plan::plan_toml::{self, PlanError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::plan::glob::{PathGlobSet, escape};
use rcrepro_model::plan::{ImageSource, Packet, PacketId, Plan};
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore;
use rcrepro_store::door;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::git::shallow::{self, ShallowChoice, ShallowSource};
use rcrepro_store::git::status::{Uncommitted, uncommitted};
use rcrepro_store::git::stored::as_stored;
use rcrepro_store::ingest::{GitSource, IngestLimits, IngestedSource, Visited, ingest_git, visit_git};

/// Globs, relative to the plan's folder, of the records that rcrepro writes there.
const RECORDS: [&str; 5] = ["manifests/**", "approvals/**", "scopes/**", "gates/**", "today/**"];

/// The plan's file name.
pub const PLAN_FILE: &str = "rcrepro.toml";

/// The most bytes that a plan may have.
const PLAN_LIMIT: u64 = 64 << 20;

/// A folder with a plan, in a git repository.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The plan's folder, absolute.
    pub folder: PathBuf,
    /// The whole file, which [`Self::plan_digest`] hashes.
    pub plan_bytes: Vec<u8>,
    /// What was parsed from the bytes.
    pub plan: Plan,
    /// Where the plan was read from, and what it names is.
    pub(crate) files: PlanFiles,
    /// Where the records of the commit are laid out; none where those count that are on disk beside the plan.
    pub(crate) records: Option<Arc<TempDir>>,
}

impl Workspace {
    /// Reads the plan of a folder as it lies in the working copy: for what prepares a commit.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is none or it has a mistake.
    pub fn open(folder: &Path) -> Result<Self, WorkspaceError> {
        let shown = shown(folder);
        let no_plan = |source| WorkspaceError::NoPlan { path: shown.clone(), source };
        let plan_bytes = on_disk(folder).map_err(no_plan)?;
        let folder = folder.canonicalize().map_err(no_plan)?;
        let plan = parse(&plan_bytes).map_err(|mistake| WorkspaceError::Plan { path: shown.clone(), mistake })?;
        Ok(Self { folder, plan_bytes, plan, files: PlanFiles::WorkingCopy, records: None })
    }

    /// Reads the plan of a folder as a commit has it, which is the one that counts for what is run, judged and decided.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or no such commit, or the commit has no plan, or one with a mistake.
    pub fn at(folder: &Path, revision: &str) -> Result<Self, WorkspaceError> {
        let shown = shown(folder);
        let no_plan = |source| WorkspaceError::NoPlan { path: shown.clone(), source };
        let on_disk = on_disk(folder);
        let folder = folder.canonicalize().map_err(no_plan)?;
        let (repository, below) = match (repository(&folder), &on_disk) {
            (Err(_), Err(error)) => return Err(no_plan(io::Error::new(error.kind(), error.to_string()))),
            (found, _) => found?,
        };
        let history = GitHistory::open(&repository)?;
        let commit = history.commit(revision)?;
        let plan_file: TreePath = PLAN_FILE.parse().expect("a constant name");
        let path = below.as_ref().map_or_else(|| plan_file.clone(), |below| below.join(&plan_file));
        let Some(plan_bytes) = history.file(&commit, &path, PLAN_LIMIT)? else {
            let commit = short(&commit.commit).to_owned();
            return Err(match on_disk {
                Ok(_) => WorkspaceError::NotCommitted { path: shown, commit },
                Err(source) => no_plan(source),
            });
        };
        let plan = parse(&plan_bytes).map_err(|mistake| match on_disk.is_ok_and(|bytes| bytes == plan_bytes) {
            true => WorkspaceError::Plan { path: shown.clone(), mistake },
            false => {
                let commit = short(&commit.commit).to_owned();
                WorkspaceError::CommittedPlan { path: shown.clone(), commit, mistake }
            }
        })?;
        Ok(Self { folder, plan_bytes, plan, files: PlanFiles::Commit { repository, commit }, records: None })
    }

    /// Gives the commit that the plan was read from, in hex; none for the working copy's plan.
    #[must_use]
    pub(crate) fn commit(&self) -> Option<&str> {
        match &self.files {
            PlanFiles::WorkingCopy => None,
            PlanFiles::Commit { commit, .. } => Some(&commit.commit),
        }
    }

    /// Gives the revision that the plan is of: the commit, or `HEAD` for the working copy's plan.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.commit().unwrap_or("HEAD")
    }

    /// Lists the files of the working copy that are not as the last commit has them and would count if they were committed:
    /// those of the source, and the definitions and locks of images that lie elsewhere in the repository. Paths are relative to
    /// the repository's root.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or it cannot be read.
    pub fn uncommitted(&self) -> Result<Vec<Uncommitted>, WorkspaceError> {
        let (repository, below) = self.repository()?;
        let exclude = self.exclude();
        let deciding = self.deciding();
        let counts = |file: &Uncommitted| {
            let path = Path::new(&file.path);
            let inside = match &below {
                Some(below) => path.strip_prefix(below.as_str()).ok(),
                None => Some(path),
            };
            let excluded = |path: &Path| path.ancestors().any(|above| exclude.matches(above));
            inside.is_some_and(|path| !excluded(path)) || deciding.matches(repository.join(path))
        };
        Ok(uncommitted(&repository)?.into_iter().filter(counts).collect())
    }

    /// Gives globs, absolute, of the files that decide what images are, wherever they lie.
    fn deciding(&self) -> PathGlobSet {
        let folders = self.plan.images.values().filter_map(|source| match source {
            ImageSource::Build { definition, .. } => {
                resolved(&self.folder.join(definition)).parent()?.parent().map(Path::to_owned)
            }
            ImageSource::Pull { .. } => None,
        });
        let globs = folders.flat_map(|folder| {
            let folder = escape(&folder.to_string_lossy());
            [format!("{folder}/images/*.toml"), format!("{folder}/images/keys/*"), format!("{folder}/lockfiles/**")]
        });
        set(globs)
    }

    /// Gives the digest of the plan's bytes.
    #[must_use]
    pub fn plan_digest(&self) -> Digest {
        Digest::of(&self.plan_bytes)
    }

    /// Looks a packet up.
    ///
    /// # Errors
    /// [`WorkspaceError::Unknown`].
    pub fn packet(&self, id: &PacketId) -> Result<&Packet, WorkspaceError> {
        self.plan.packets.get(id).ok_or_else(|| self.unknown_packet(id).into())
    }

    /// Says that the plan has no such packet, and which ones it has.
    pub(crate) fn unknown_packet(&self, id: &PacketId) -> UnknownName {
        UnknownName::new("the plan", "packet", id, self.plan.packets.keys())
    }

    /// Says that a packet has no such command, and which ones it has.
    #[must_use]
    pub fn unknown_command(&self, packet: &PacketId, command: &Name) -> UnknownName {
        let known = self.plan.packets.get(packet).into_iter().flat_map(|packet| self.plan.commands(packet));
        UnknownName::new(packet.to_string(), "command", command, known.map(|spec| &spec.id))
    }

    /// Gives the folder below which records and documents with written sections are read.
    #[must_use]
    pub(crate) fn records_folder(&self) -> &Path {
        self.records.as_ref().map_or(&self.folder, |records| records.path())
    }

    /// Gives the path of a packet's committed manifest.
    #[must_use]
    pub fn manifest_path(&self, packet: &PacketId) -> PathBuf {
        self.records_folder().join("manifests").join(format!("{packet}.json"))
    }

    /// Gives the path of the record of a packet that failed, which is beside its manifest.
    #[must_use]
    pub fn failed_path(&self, packet: &PacketId) -> PathBuf {
        self.records_folder().join("manifests").join(format!("{packet}.failed.json"))
    }

    /// Gives the path of a packet's committed scope record.
    #[must_use]
    pub fn scope_path(&self, packet: &PacketId) -> PathBuf {
        self.records_folder().join("scopes").join(format!("{packet}.json"))
    }

    /// Gives the path of the record of a packet's scans with advisory data of today.
    #[must_use]
    pub(crate) fn today_path(&self, packet: &PacketId) -> PathBuf {
        self.records_folder().join("today").join(format!("{packet}.json"))
    }

    /// Lists globs of the files that rcrepro itself writes: its records, and the documents with written sections.
    #[must_use]
    pub(crate) fn written(&self) -> Vec<String> {
        written(&self.plan)
    }

    /// Tells whether rcrepro itself writes a file: a record, or a document with written sections.
    #[must_use]
    pub(crate) fn is_written(&self, path: &TreePath) -> bool {
        self.plan.documents.generated.contains(path) || set(RECORDS).matches(path.as_str())
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
        Ok(ingest_git(store, &source, IngestLimits::default())?)
    }

    /// Finds what the repository that commands see is made of, at a revision.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository, its root is another folder, or it cannot be read.
    pub(crate) fn choose_repository(&self, revision: &str) -> Result<ShallowChoice, WorkspaceError> {
        let (repository, exclude) = (self.whole_repository()?, self.exclude());
        let source = ShallowSource { repository: &repository, exclude: &exclude };
        let tags = self.plan.tags.as_ref().map(set);
        Ok(shallow::choose(&source, revision, tags.as_ref())?)
    }

    /// Stores the repository that commands see, and gives the root of its `.git`.
    ///
    /// # Errors
    /// As [`Self::choose_repository`].
    pub(crate) fn lay_repository(
        &self,
        choice: &ShallowChoice,
        store: &dyn BlobStore,
    ) -> Result<Digest, WorkspaceError> {
        let (repository, exclude) = (self.whole_repository()?, self.exclude());
        Ok(shallow::lay(store, &ShallowSource { repository: &repository, exclude: &exclude }, choice)?)
    }

    /// Finds the repository whose root the plan's folder is.
    pub(crate) fn whole_repository(&self) -> Result<PathBuf, WorkspaceError> {
        match self.repository()? {
            (repository, None) => Ok(repository),
            (_, Some(folder)) => Err(WorkspaceError::BelowRepository { folder }),
        }
    }

    /// Shows every tracked path of a commit below the plan's folder, what the plan excludes among them, and gives the
    /// commit's id.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or the commit cannot be read.
    pub(crate) fn visit_source(
        &self,
        revision: &str,
        visit: &mut dyn FnMut(&str, Visited<'_>),
    ) -> Result<String, WorkspaceError> {
        let (repository, folder) = self.repository()?;
        let exclude = PathGlobSet::default();
        let source = GitSource { repository: &repository, revision, folder: folder.as_ref(), exclude: &exclude };
        Ok(visit_git(&source, IngestLimits::default(), visit)?)
    }

    /// Finds the work tree that the plan's folder belongs to, and where in it the folder is; none for its root.
    ///
    /// # Errors
    /// [`WorkspaceError::NoRepository`].
    pub(crate) fn repository(&self) -> Result<(PathBuf, Option<TreePath>), WorkspaceError> {
        repository(&self.folder)
    }

    /// Gives the globs, relative to the plan's folder, of the records that rcrepro writes, without the documents.
    #[must_use]
    pub(crate) fn records() -> PathGlobSet {
        set(RECORDS)
    }

    /// Gives the globs of tracked paths that are not part of the source: what the plan excludes, and what rcrepro writes.
    #[must_use]
    pub(crate) fn exclude(&self) -> PathGlobSet {
        excluded_by(&self.plan)
    }
}

/// Reads the plan of the working copy as git would store it.
fn on_disk(folder: &Path) -> io::Result<Vec<u8>> {
    let path = folder.join(PLAN_FILE);
    as_stored(&path, door::read(&path, PLAN_LIMIT)?)
}

fn written(plan: &Plan) -> Vec<String> {
    let generated = plan.documents.generated.iter().map(|path| escape(path.as_str()));
    RECORDS.map(str::to_owned).into_iter().chain(generated).collect()
}

/// Gives the globs of tracked paths that are not part of a plan's source, as [`Workspace::exclude`].
pub(crate) fn excluded_by(plan: &Plan) -> PathGlobSet {
    set(plan.exclude.iter().chain(&written(plan)))
}

fn shown(folder: &Path) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(PLAN_FILE) } else { folder.join(PLAN_FILE) }
}

fn parse(bytes: &[u8]) -> Result<Plan, PlanError> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8_lossy(bytes), &names)
}

/// Finds the work tree that a folder belongs to, and where in it the folder is; none for its root.
pub(crate) fn repository(folder: &Path) -> Result<(PathBuf, Option<TreePath>), WorkspaceError> {
    let repository = folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .ok_or_else(|| WorkspaceError::NoRepository { folder: folder.to_owned() })?;
    let below = folder.strip_prefix(repository).ok().and_then(Path::to_str).unwrap_or_default();
    Ok((repository.to_owned(), below.parse().ok()))
}

/// Tells whether a plan takes a tracked file out of the certified source.
#[must_use]
pub(crate) fn excludes(plan: &Plan, path: &str) -> bool {
    set(&plan.exclude).matches(path)
}

fn set<T: AsRef<str>>(globs: impl IntoIterator<Item = T>) -> PathGlobSet {
    PathGlobSet::new(globs).expect("the plan's globs were checked when it was parsed")
}
