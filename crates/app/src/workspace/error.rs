//! Why the certified repository cannot be used.

use std::io;
use std::path::PathBuf;

use rcrepro_format::plan::plan_toml::PlanError;
use rcrepro_model::content::git_id::GitId;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::ingest::GitError;

/// Says why a workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The file cannot be read.
    #[error("no plan at `{path}`")]
    NoPlan {
        /// Where it was looked for.
        path: PathBuf,
        /// The failed read.
        #[source]
        source: io::Error,
    },
    /// The plan has a mistake in it.
    #[error("{path}:{mistake}")]
    Plan {
        /// The file, below the folder as the user named it.
        path: PathBuf,
        /// The mistake and its place.
        mistake: PlanError,
    },
    /// The commit's plan has a mistake in it, and the working copy has another plan.
    #[error("{path}, as commit {commit} has it:{mistake}")]
    CommittedPlan {
        /// The file, below the folder as the user named it.
        path: PathBuf,
        /// The commit's id, shortened.
        commit: String,
        /// The mistake and its place.
        mistake: PlanError,
    },
    /// The plan is not committed.
    #[error("commit {commit} has no plan `{path}`, and what is certified is what was committed")]
    NotCommitted {
        /// The plan's path.
        path: PathBuf,
        /// The commit's id, shortened.
        commit: String,
    },
    /// The plan has nothing of such a name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The folder is in no git repository.
    #[error("`{folder}` is in no git repository: the certified source is the tracked tree of a commit")]
    NoRepository {
        /// The plan's folder.
        folder: PathBuf,
    },
    /// Commands are to see a repository, and the plan's folder is not its root.
    #[error("commands with `git = true` need the plan at the root of its repository, and it is in `{folder}`")]
    BelowRepository {
        /// Where the plan is in its repository.
        folder: TreePath,
    },
    /// The records of a commit could not be laid out.
    #[error("cannot lay out the records of commit {commit}")]
    Records {
        /// The commit's id, shortened.
        commit: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The source could not be read.
    #[error("cannot read the certified source")]
    Source(#[source] GitError),
}

impl WorkspaceError {
    /// Whether the plan or the repository has nothing of a name that was asked for.
    #[must_use]
    pub const fn is_unknown_name(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Source(GitError::NoCommit { .. }))
    }

    /// Whether history is cut off before what was looked for.
    #[must_use]
    pub const fn is_shallow(&self) -> bool {
        matches!(self, Self::Source(GitError::Shallow { .. }))
    }

    /// Whether the source could not be looked at, so that nothing is known of it: not whether the plan is right, and not whether a
    /// run could begin. What the source holds and no run takes is another thing.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        match self {
            Self::NoRepository { .. } => true,
            Self::Source(error) => {
                matches!(error, GitError::Read { .. } | GitError::Unborn { .. } | GitError::Gone { .. })
            }
            _ => false,
        }
    }
}

/// A revision that the repository does not have is a name like any other. Of a whole id more can be told: where to get it from.
impl From<GitError> for WorkspaceError {
    fn from(error: GitError) -> Self {
        match error {
            GitError::NoCommit { revision, repository, known } if revision.parse::<GitId>().is_err() => {
                let place = format!("the git repository `{}`", repository.display());
                Self::Unknown(UnknownName::new(place, "revision", revision, known))
            }
            error => Self::Source(error),
        }
    }
}

impl Hint for WorkspaceError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPlan { .. } => Some("name the folder with rcrepro.toml: rcrepro -C DIR …".to_owned()),
            Self::Plan { mistake, .. } => mistake.hint.clone(),
            Self::CommittedPlan { .. } | Self::NotCommitted { .. } => {
                Some("git add rcrepro.toml && git commit".to_owned())
            }
            Self::Unknown(error) => error.hint(),
            Self::NoRepository { .. } => Some("git init && git add -A && git commit".to_owned()),
            Self::BelowRepository { .. } => {
                Some("move rcrepro.toml to the repository's root, or hand in by `env` what git would say".to_owned())
            }
            Self::Source(error) => error.hint(),
            Self::Records { .. } => Some("df -h \"${TMPDIR:-/tmp}\"".to_owned()),
        }
    }
}
