//! Writes trees as the tar that a PUT takes.

use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use crate::EngineError;
use crate::docker::inputs::{INPUT_MTIME, directory};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_store::BlobStore;

/// Writes a tar whose entries' modes and times are fixed.
pub(crate) struct TarIn<W: Write> {
    builder: Builder<W>,
}

impl<W: Write> TarIn<W> {
    /// Begins a tar.
    pub fn new(writer: W) -> Self {
        Self { builder: Builder::new(writer) }
    }

    /// Adds a tree at `path`; every entry belongs to `owner`.
    pub fn tree(
        &mut self,
        label: &str,
        path: &str,
        root: Digest,
        owner: u32,
        store: &dyn BlobStore,
    ) -> Result<(), TarInError> {
        self.directory(path, owner)?;
        for (name, node) in directory(label, root, store)?.entries {
            let path = format!("{path}/{name}");
            match node {
                TreeNode::Directory { digest } => self.tree(label, &path, digest, owner, store)?,
                TreeNode::File { digest, executable } => {
                    let mode = if executable { 0o755 } else { 0o644 };
                    let reader = store.reader(digest).map_err(EngineError::from)?;
                    self.file(&path, owner, mode, digest.size, reader)?;
                }
                TreeNode::Symlink { target } => self.symlink(&path, &target, owner)?,
            }
        }
        Ok(())
    }

    /// Adds a symlink whose text stays as it is; the tar crate would tidy `./a//b` up.
    fn symlink(&mut self, path: &str, target: &str, owner: u32) -> io::Result<()> {
        let mut link = header(EntryType::Symlink, owner, 0o777, 0);
        if link.set_link_name_literal(target).is_err() {
            let text = [target.as_bytes(), b"\0"].concat();
            let mut long = header(EntryType::GNULongLink, 0, 0o644, text.len() as u64);
            self.builder.append_data(&mut long, "././@LongLink", text.as_slice())?;
        }
        self.builder.append_data(&mut link, path, io::empty())
    }

    /// Adds a directory with mode 0755.
    pub fn directory(&mut self, path: &str, owner: u32) -> io::Result<()> {
        self.builder.append_data(&mut header(EntryType::Directory, owner, 0o755, 0), format!("{path}/"), io::empty())
    }

    /// Adds a file; `content` is read to its end, where its digest is checked.
    pub fn file(&mut self, path: &str, owner: u32, mode: u32, size: u64, mut content: impl Read) -> io::Result<()> {
        self.builder.append_data(
            &mut header(EntryType::Regular, owner, mode, size),
            path,
            content.by_ref().take(size),
        )?;
        match content.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("`{path}` is longer than {size} bytes"))),
        }
    }

    /// Writes the end mark.
    pub fn finish(self) -> io::Result<W> {
        self.builder.into_inner()
    }
}

fn header(kind: EntryType, owner: u32, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_uid(owner.into());
    header.set_gid(owner.into());
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(INPUT_MTIME);
    header
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
