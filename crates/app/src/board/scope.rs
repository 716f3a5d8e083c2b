//! `rcrepro scope`: holds what a packet's branch changed against its scope, from git's objects alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::workspace::attributes;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::records::scope_json::{self, ScopeJsonError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::decision::scope::{Revision, SCOPE_VERSION, ScopeRecord, ScopeRules, TrackedChange, relative};
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::door;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::ingest::GitError;

/// The largest safety document that is read: 4 MiB.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// Says why it cannot be decided whether a packet kept to its scope.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The branch does not begin at its base.
    #[error("{base} is not an ancestor of {head}: what changed between them is not the work of one branch")]
    NotAncestor {
        /// Where the branch was said to begin: a commit's id in hex.
        base: String,
        /// Where the branch ends: a commit's id in hex.
        head: String,
        /// Where the two meet.
        meet: Option<String>,
    },
    /// Nothing changed, so that nothing was checked.
    #[error("no file changed between {base} and {head}: nothing was checked")]
    Hollow {
        /// Where the branch begins: a commit's id in hex.
        base: String,
        /// Where the branch ends: a commit's id in hex.
        head: String,
    },
    /// The plan limits nothing, so that nothing was checked.
    #[error("the plan limits no change of {packet}: it has neither a `scope` nor a `[protected]` glob")]
    NoRules {
        /// The packet that may change any file.
        packet: PacketId,
    },
    /// The record could not be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The record.
        path: PathBuf,
        /// The failed read or write.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a scope record.
    #[error("`{}` is not a scope record", path.display())]
    Malformed {
        /// The record.
        path: PathBuf,
        /// The first mistake in it.
        #[source]
        source: ScopeJsonError,
    },
    /// The plan allows something else than when it was recorded.
    #[error("the scope of {packet} was recorded under other rules than the plan has now")]
    Stale {
        /// The packet to be recorded anew.
        packet: PacketId,
    },
    /// A commit of the record is not in the history of what is checked out.
    #[error(
        "the {which} of {packet}'s scope record, {commit}, is not in the history of HEAD, nor is a commit with its tree"
    )]
    Gone {
        /// The packet that the record is of.
        packet: PacketId,
        /// `base` or `head`.
        which: &'static str,
        /// The commit's id, in hex.
        commit: String,
    },
    /// The repository says something else than the record.
    #[error("the scope record of {packet} says something else than the repository: `{part}` differs")]
    Differs {
        /// The packet that the record is of.
        packet: PacketId,
        /// The key of the record, such as `head.tree`.
        part: &'static str,
    },
}

/// What git cannot give is the workspace's error, wherever it was asked for.
impl From<GitError> for ScopeError {
    fn from(error: GitError) -> Self {
        Self::Workspace(error.into())
    }
}

impl Hint for ScopeError {
    fn hint(&self) -> Option<String> {
        let again = |packet: &PacketId| format!("rcrepro scope {packet} --base REV --head REV --record");
        match self {
            Self::Workspace(error) => error.hint(),
            Self::NotAncestor { head, meet, .. } => {
                meet.as_ref().map(|meet| format!("they meet at {meet}: --base {meet} --head {head}"))
            }
            Self::Hollow { .. } => Some("name the commit before the packet's first one: --base REV".to_owned()),
            Self::NoRules { packet } => Some(format!("write into [packets.{packet}]: scope = [\"DIR/**\"]")),
            Self::Io { .. } => None,
            Self::Malformed { .. } => Some("git checkout -- scopes".to_owned()),
            Self::Differs { packet, .. } | Self::Stale { packet } => Some(again(packet)),
            Self::Gone { packet, .. } => Some(format!("git fetch --unshallow, or record it anew: {}", again(packet))),
        }
    }
}

/// A committed record that was derived again from the repository and found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeFact {
    /// The digest of the record's bytes.
    pub digest: Digest,
    /// The record, with base and head as this history has them.
    pub record: ScopeRecord,
}

impl ScopeFact {
    /// Tells whether the packet kept to its scope.
    #[must_use]
    pub(crate) fn holds(&self) -> bool {
        self.record.findings.is_empty()
    }
}

/// Judges what changed from `base` to `head` for a packet.
///
/// # Errors
/// [`ScopeError`]; [`ScopeError::NoRules`], [`ScopeError::NotAncestor`] and [`ScopeError::Hollow`] when there is nothing to judge.
pub fn check(workspace: &Workspace, packet: &PacketId, base: &str, head: &str) -> Result<ScopeRecord, ScopeError> {
    let contract = &workspace.packet(packet)?.contract;
    let (repository, folder) = workspace.repository()?;
    let history = GitHistory::open(&repository)?;
    let (base, head) = (history.commit(base)?, history.commit(head)?);
    let rules = ScopeRules::new(contract, &workspace.plan.protected, workspace.written());
    derive(&history, folder.as_ref(), packet, (base, head), rules)
}

/// Writes a record beside the manifests and gives its path and digest.
///
/// # Errors
/// [`ScopeError::Io`].
pub fn write(workspace: &Workspace, record: &ScopeRecord) -> Result<(PathBuf, Digest), ScopeError> {
    let path = workspace.scope_path(&record.packet);
    let (bytes, digest) = scope_json::encode(record);
    let failed = |source| ScopeError::Io { doing: "write", path: path.clone(), source };
    attributes::write_record(&path, &bytes).map_err(failed)?;
    Ok((path, digest))
}

/// Reads a packet's committed record, derives it again from the repository, and compares; none when there is no record.
///
/// The record's head must be in the history of `HEAD`: otherwise it says nothing about what is certified.
///
/// # Errors
/// [`ScopeError`] when it is stale, says something else than the repository, or cannot be derived.
pub fn recorded(workspace: &Workspace, packet: &PacketId) -> Result<Option<ScopeFact>, ScopeError> {
    let Some((path, bytes)) = read(workspace, packet)? else { return Ok(None) };
    let record = scope_json::decode(&bytes).map_err(|source| ScopeError::Malformed { path: path.clone(), source })?;
    let differs = |part| ScopeError::Differs { packet: packet.clone(), part };
    if record.packet != *packet {
        return Err(differs("packet"));
    }
    let contract = &workspace.packet(packet)?.contract;
    let rules = ScopeRules::new(contract, &workspace.plan.protected, workspace.written());
    if record.rules != rules {
        return Err(ScopeError::Stale { packet: packet.clone() });
    }
    let (repository, folder) = workspace.repository()?;
    let history = GitHistory::open(&repository)?;
    let gone = |which, revision: &Revision| ScopeError::Gone {
        packet: packet.clone(),
        which,
        commit: revision.commit.clone(),
    };
    // A commit has one tree; a record that says another one of it is not looked for by that tree.
    for (part, wanted) in [("head.tree", &record.head), ("base.tree", &record.base)] {
        if history.commit(&wanted.commit).is_ok_and(|found| found.tree != wanted.tree) {
            return Err(differs(part));
        }
    }
    let now = history.commit("HEAD")?;
    let head = history.find_again(&record.head, &now)?.ok_or_else(|| gone("head", &record.head))?;
    let base = history.find_again(&record.base, &head)?.ok_or_else(|| gone("base", &record.base))?;
    let derived = derive(&history, folder.as_ref(), packet, (base, head), rules)?;
    for (part, same) in [
        ("changes", derived.changes == record.changes),
        ("documents", derived.documents == record.documents),
        ("findings", derived.findings == record.findings),
    ] {
        if !same {
            return Err(differs(part));
        }
    }
    Ok(Some(ScopeFact { digest: Digest::of(&bytes), record: derived }))
}

fn read(workspace: &Workspace, packet: &PacketId) -> Result<Option<(PathBuf, Vec<u8>)>, ScopeError> {
    let path = workspace.scope_path(packet);
    match door::read(&path, door::RECORD_LIMIT) {
        Ok(bytes) => Ok(Some((path, bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ScopeError::Io { doing: "read", path, source }),
    }
}

fn derive(
    history: &GitHistory,
    folder: Option<&TreePath>,
    packet: &PacketId,
    (base, head): (Revision, Revision),
    rules: ScopeRules,
) -> Result<ScopeRecord, ScopeError> {
    if rules.scope.is_empty() && rules.protected.is_empty() {
        return Err(ScopeError::NoRules { packet: packet.clone() });
    }
    let meet = history.merge_base(&base, &head)?;
    if meet.as_ref() != Some(&base.commit) {
        return Err(ScopeError::NotAncestor { base: base.commit, head: head.commit, meet });
    }
    let changes: Vec<TrackedChange> = history
        .changes(&base, &head)?
        .into_iter()
        .map(|change| TrackedChange {
            path: relative(&change.path, folder),
            before: change.before,
            after: change.after,
        })
        .collect();
    if changes.is_empty() {
        return Err(ScopeError::Hollow { base: base.commit, head: head.commit });
    }
    let mut documents = BTreeMap::new();
    for at in rules.documents().filter_map(|(_, at)| at) {
        let whole = folder.map_or_else(|| at.clone(), |folder| folder.join(at));
        if let Some(bytes) = history.file(&head, &whole, DOCUMENT_LIMIT)? {
            documents.insert(at.clone(), bytes);
        }
    }
    let findings = rules.judge(packet, &changes, &documents);
    let documents = documents.into_iter().map(|(at, bytes)| (at, Digest::of(&bytes))).collect();
    Ok(ScopeRecord { version: SCOPE_VERSION, packet: packet.clone(), base, head, rules, changes, documents, findings })
}

/// Shows a record's path from the plan's folder.
#[must_use]
pub fn shown(workspace: &Workspace, path: &Path) -> String {
    path.strip_prefix(&workspace.folder).unwrap_or(path).display().to_string()
}
