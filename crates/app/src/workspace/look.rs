//! A look at the tracked files of a commit on every thread, those above the plan's folder that count among them.

use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::plan::glob::PathGlobSet;
use rcrepro_pins::above::relative;
use rcrepro_store::ingest::{GitSource, IngestLimits, Visited, look_git};

impl Workspace {
    /// As [`Self::visit_source`], on every thread and with what is made of each path; `above` asks, of the paths outside of the
    /// plan's folder, which are read, too. Paths are the plan's: those above begin with `../`, and come last.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no repository or the commit cannot be read.
    pub(crate) fn look_source<T: Send>(
        &self,
        revision: &str,
        above: &dyn Fn(&str) -> bool,
        look: &(dyn Fn(&str, Visited<'_>) -> T + Sync),
    ) -> Result<(String, Vec<T>), WorkspaceError> {
        let (repository, folder) = self.repository()?;
        let exclude = PathGlobSet::default();
        let source = GitSource { repository: &repository, revision, folder: folder.as_ref(), exclude: &exclude };
        let limits = IngestLimits::default();
        let (commit, mut made) = look_git(&source, limits, &|_| true, look)?;
        if let Some(folder) = &folder {
            let whole = GitSource { folder: None, ..source };
            let seen = |path: &str| relative(folder.as_str(), path);
            let is_wanted = |path: &str| seen(path).starts_with("../") && above(&seen(path));
            made.extend(look_git(&whole, limits, &is_wanted, &|path, visited| look(&seen(path), visited))?.1);
        }
        Ok((commit, made))
    }

    /// As [`Self::look_source`], for some paths of the source alone: others are not read.
    ///
    /// # Errors
    /// As [`Self::look_source`].
    pub(crate) fn look_files<T: Send>(
        &self,
        revision: &str,
        is_wanted: &dyn Fn(&str) -> bool,
        look: &(dyn Fn(&str, Visited<'_>) -> T + Sync),
    ) -> Result<Vec<T>, WorkspaceError> {
        let (repository, folder) = self.repository()?;
        let exclude = PathGlobSet::default();
        let source = GitSource { repository: &repository, revision, folder: folder.as_ref(), exclude: &exclude };
        Ok(look_git(&source, IngestLimits::default(), is_wanted, look)?.1)
    }

    /// Names the plan's folder within its repository; empty for the top.
    ///
    /// # Errors
    /// [`WorkspaceError::NoRepository`].
    pub(crate) fn folder_in_repository(&self) -> Result<String, WorkspaceError> {
        Ok(self.repository()?.1.map(|folder| folder.to_string()).unwrap_or_default())
    }
}
