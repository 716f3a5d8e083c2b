//! Writes trees as the tar that a PUT takes.

use std::io::{self, Read, Write};

use crate::EngineError;
use crate::docker::inputs::{INPUT_MTIME, directory};
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriteError, TarWriter};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_store::BlobStore;

/// Writes a tar whose entries' modes and times are fixed.
pub(crate) struct TarIn<W: Write> {
    writer: TarWriter<W>,
}

impl<W: Write> TarIn<W> {
    /// Begins a tar.
    pub fn new(writer: W) -> Self {
        Self { writer: TarWriter::new(writer, TarFormat::Gnu) }
    }

    /// Adds a tree at `path`; every entry belongs to this owner and has this time.
    pub fn tree(
        &mut self,
        label: &str,
        path: &str,
        root: Digest,
        (owner, mtime): (u32, u64),
        store: &dyn BlobStore,
    ) -> Result<(), TarInError> {
        self.writer.directory(path, attributes(owner, mtime, 0o755))?;
        for (name, node) in directory(label, root, store)?.entries {
            let path = format!("{path}/{name}");
            match node {
                TreeNode::Directory { digest } => self.tree(label, &path, digest, (owner, mtime), store)?,
                TreeNode::File { digest, executable } => {
                    let mode = if executable { 0o755 } else { 0o644 };
                    let mut reader = store.reader(digest).map_err(EngineError::from)?;
                    self.writer.file(&path, attributes(owner, mtime, mode), digest.size, &mut reader)?;
                }
                TreeNode::Symlink { target } => {
                    self.writer.symlink(&path, &target, attributes(owner, mtime, 0o777))?;
                }
            }
        }
        Ok(())
    }

    /// Adds a directory with mode 0755.
    pub fn directory(&mut self, path: &str, owner: u32) -> Result<(), TarInError> {
        Ok(self.writer.directory(path, attributes(owner, INPUT_MTIME, 0o755))?)
    }

    /// Adds a file; `content` is read to its end, where its digest is checked.
    pub fn file(
        &mut self,
        path: &str,
        owner: u32,
        mode: u32,
        size: u64,
        mut content: impl Read,
    ) -> Result<(), TarInError> {
        Ok(self.writer.file(path, attributes(owner, INPUT_MTIME, mode), size, &mut content)?)
    }

    /// Writes the end mark.
    pub fn finish(self) -> Result<W, TarInError> {
        Ok(self.writer.finish()?)
    }
}

fn attributes(owner: u32, mtime: u64, mode: u32) -> MemberAttributes {
    MemberAttributes { mode, uid: owner, gid: owner, mtime }
}

/// Why a tar could not be written: its receiver or its source failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarInError {
    /// The receiver went away, or a blob is damaged.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(#[from] EngineError),
}

impl From<TarWriteError> for TarInError {
    fn from(error: TarWriteError) -> Self {
        Self::Io(error.into())
    }
}
