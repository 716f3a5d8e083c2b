//! Reads the project that a plan is to be written for, as the last commit has it.

use std::path::Path;

use super::{WorkspaceError, repository};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::decision::scope::Revision;
use rcrepro_project::TrackedFiles;
use rcrepro_project::survey::ProjectSurvey;
use rcrepro_store::git::history::GitHistory;

/// The most bytes of a file that is read: larger ones are data.
const FILE_LIMIT: u64 = 1 << 20;

/// Reads the tracked files of HEAD below a folder.
///
/// # Errors
/// [`WorkspaceError`] when there is no repository, or no commit.
pub fn survey(folder: &Path) -> Result<ProjectSurvey, WorkspaceError> {
    let folder = folder.canonicalize().map_err(|_| WorkspaceError::NoRepository { folder: folder.to_owned() })?;
    let (repository, below) = repository(&folder)?;
    let history = GitHistory::open(&repository)?;
    let commit = history.commit("HEAD")?;
    let paths = history.files(&commit, below.as_ref())?;
    Ok(ProjectSurvey::of(&CommitFiles { history, commit, below, paths }))
}

struct CommitFiles {
    history: GitHistory,
    commit: Revision,
    /// The folder of the project, below that of the repository.
    below: Option<TreePath>,
    paths: Vec<String>,
}

impl TrackedFiles for CommitFiles {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn text(&self, path: &str) -> Option<String> {
        let path: TreePath = path.parse().ok()?;
        let path = self.below.as_ref().map_or_else(|| path.clone(), |below| below.join(&path));
        let bytes = self.history.file(&self.commit, &path, FILE_LIMIT).ok()??;
        String::from_utf8(bytes).ok()
    }
}
