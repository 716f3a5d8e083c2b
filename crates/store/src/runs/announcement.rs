//! Which packet a run works at, told by a file in the run's folder from its beginning on.
//!
//! A run that ends without a record, by an error or by Ctrl-C, takes its announcement back. So one that stays without a record
//! after the run has ended was left by a process that was killed, or the record was deleted.

use std::path::{Path, PathBuf};

use super::error::RunFolderError;
use rcrepro_model::plan::PacketId;

pub(super) fn file_name(packet: &PacketId) -> String {
    format!("{packet}.running")
}

/// What a live run said that it works at. Dropping it takes that back unless the packet was recorded.
#[derive(Debug)]
#[must_use = "it is taken back when it is dropped"]
pub struct Announcement {
    path: PathBuf,
    record: PathBuf,
}

impl Announcement {
    /// Writes the plan's folder into `folder`; `record` is the file that the packet will be recorded in.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when the file cannot be made.
    pub(super) fn make(folder: &Path, packet: &PacketId, plan: &Path, record: PathBuf) -> Result<Self, RunFolderError> {
        let path = folder.join(file_name(packet));
        let text = plan.as_os_str().as_encoded_bytes();
        std::fs::write(&path, text).map_err(|source| RunFolderError::Io {
            doing: "write",
            path: path.clone(),
            source,
        })?;
        Ok(Self { path, record })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if !self.record.exists() {
            // When it cannot be removed, the run is told of as one that was killed.
            drop(std::fs::remove_file(&self.path));
        }
    }
}
