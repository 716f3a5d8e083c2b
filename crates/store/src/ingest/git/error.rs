//! Why a commit's tree cannot be taken.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::ingest::LimitError;
use rcrepro_model::content::git_id::GitId;
use rcrepro_model::content::name::{NameError, TreePath};
use rcrepro_model::content::tree::TreeError;
use rcrepro_model::text::hint::Hint;

/// How many branches and tags the error for an unknown revision names.
const NAMED: usize = 12;

/// Why a commit's tree cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git's data cannot be read.
    #[error("cannot {doing} in the git repository `{}`", repository.display())]
    Read {
        /// What was tried, as a verb.
        doing: String,
        /// The working copy or the bare repository.
        repository: PathBuf,
        /// What gix said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No commit has the wanted name.
    #[error("cannot find the commit `{revision}` in the git repository `{}`", repository.display())]
    NoCommit {
        /// The name, in any form that `git rev-parse` takes.
        revision: String,
        /// Where it was looked for.
        repository: PathBuf,
        /// The names to choose from: branches and tags.
        known: Vec<String>,
    },
    /// Nothing was committed yet.
    #[error("the git repository `{}` has no commit yet", repository.display())]
    Unborn {
        /// The working copy.
        repository: PathBuf,
    },
    /// A commit that was recorded is not in this clone.
    #[error("the git repository `{}` does not have the recorded commit {commit}", repository.display())]
    Gone {
        /// Where it was looked for.
        repository: PathBuf,
        /// The commit's id in hex.
        commit: String,
    },
    /// Tags are to be found in a history that the repository does not hold.
    #[error("the git repository `{}` is a shallow clone: what came before commit {commit}, where tags are looked for, is not there", repository.display())]
    Shallow {
        /// The working copy or the bare repository.
        repository: PathBuf,
        /// The commit at which the history ends, in hex.
        commit: String,
    },
    /// The wanted folder is not in the commit.
    #[error("commit {commit} has no folder `{path}`")]
    NoFolder {
        /// The commit's id in hex.
        commit: String,
        /// The wanted folder.
        path: TreePath,
    },
    /// A submodule, whose contents the repository does not hold.
    #[error("`{path}` is a submodule (commit {commit}): expected only files and symlinks; exclude it or vendor it")]
    Submodule {
        /// The path below the wanted folder.
        path: TreePath,
        /// The commit it points to, in hex.
        commit: String,
    },
    /// A name that REAPI cannot carry.
    #[error("the tracked path `{bytes}` is not UTF-8")]
    NameNotUtf8 {
        /// The path, with every byte that is not printable ASCII escaped.
        bytes: String,
    },
    /// A symlink's text that REAPI cannot carry.
    #[error("the target `{bytes}` of the tracked symlink `{path}` is not UTF-8")]
    TargetNotUtf8 {
        /// The symlink.
        path: TreePath,
        /// The target, with every byte that is not printable ASCII escaped.
        bytes: String,
    },
    /// A name that no git writes: empty, with `/` or NUL in it, or `.git`.
    #[error(
        "malformed tree: invalid path `{path}` of a tracked file: expected names without `/` and other than `.git`"
    )]
    Malformed {
        /// The path, with every byte that is not printable ASCII escaped.
        path: String,
    },
    /// More than is allowed.
    #[error("the tracked tree holds {source}")]
    Limit {
        /// What was exceeded.
        source: LimitError,
    },
    /// A name that cannot be in a tree.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two entries of one name.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for GitError {
    fn hint(&self) -> Option<String> {
        match self {
            // Another clone has the commit.
            Self::Gone { commit: id, .. } | Self::NoCommit { revision: id, .. } if id.parse::<GitId>().is_ok() => {
                Some(format!("git fetch --tags origin {id}"))
            }
            Self::Unborn { .. } => Some("git add -A && git commit".to_owned()),
            Self::NoCommit { .. } => Some("git branch --all --list && git tag --list".to_owned()),
            Self::Shallow { .. } => Some("git fetch --unshallow --tags".to_owned()),
            Self::Read { .. } => Some("git rev-parse HEAD".to_owned()),
            Self::NameNotUtf8 { bytes } => Some(format!("rename it and commit, in bash: git mv $'{bytes}' NAME")),
            Self::TargetNotUtf8 { path, .. } => Some(format!("make the link anew and commit: ln -sfn TARGET {path}")),
            Self::Store(error) => error.hint(),
            _ => None,
        }
    }
}

impl GitError {
    /// Says why a revision names no commit: there is none of that name, nothing was committed yet, or what it names cannot be
    /// read.
    pub(crate) fn no_commit(
        opened: &gix::Repository,
        path: &Path,
        revision: &str,
        source: Box<dyn Error + Send + Sync>,
    ) -> Self {
        let repository = path.to_owned();
        if let Ok(id) = opened.rev_parse_single(revision)
            && opened.find_object(id.detach()).is_err()
        {
            return Self::Read { doing: format!("read the object {id} that `{revision}` names"), repository, source };
        }
        match opened.head() {
            Ok(head) if head.is_unborn() && revision == "HEAD" => Self::Unborn { repository },
            Ok(_) if revision != "HEAD" => {
                Self::NoCommit { revision: revision.to_owned(), repository, known: named(opened) }
            }
            _ => Self::Read { doing: format!("find the commit `{revision}`"), repository, source },
        }
    }
}

/// Lists the names of branches, then those of tags, as many as a person reads.
fn named(opened: &gix::Repository) -> Vec<String> {
    let Ok(references) = opened.references() else { return Vec::new() };
    let (branches, tags) = (references.local_branches(), references.tags());
    let all = branches.into_iter().flatten().chain(tags.into_iter().flatten());
    all.flatten().map(|reference| reference.name().shorten().to_string()).take(NAMED).collect()
}
