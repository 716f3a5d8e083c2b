//! A tree as a deterministic tar stream.

use std::io::Write;

use super::{ExportError, Owner, walk};
use crate::BlobStore;
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriteError, TarWriter};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;

/// What an archive's headers hold beside what the tree says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TarStyle {
    /// Put before every path; its directories get entries too.
    pub prefix: Option<TreePath>,
    /// The owner of every entry.
    pub owner: Owner,
    /// The modification time of every entry, in seconds since 1970.
    pub mtime: u64,
}

/// Writes a tree as GNU tar, ready for the engine's archive call: sorted as [`walk()`] sorts, directories and executable files
/// 0755, other files 0644, symlinks 0777, no user or group names. The same tree and style give the same bytes.
///
/// An archive that was broken off by an error has no end mark.
///
/// # Errors
/// [`ExportError`] when the tree cannot be read or the writer fails.
pub fn export_tar(
    store: &dyn BlobStore,
    root: Digest,
    style: &TarStyle,
    writer: &mut dyn Write,
) -> Result<(), ExportError> {
    let mut archive = TarWriter::new(writer, TarFormat::Gnu);
    let Owner { uid, gid } = style.owner;
    let attributes = |mode| MemberAttributes { mode, uid, gid, mtime: style.mtime };
    for path in style.prefix.iter().flat_map(ancestry) {
        archive.directory(path.as_str(), attributes(0o755)).map_err(failed(&path))?;
    }
    for (path, node) in walk(store, root)? {
        let name = style.prefix.as_ref().map_or_else(|| path.clone(), |prefix| prefix.join(&path));
        let written = match node {
            TreeNode::Directory { .. } => archive.directory(name.as_str(), attributes(0o755)),
            TreeNode::Symlink { target } => archive.symlink(name.as_str(), &target, attributes(0o777)),
            TreeNode::File { digest, executable } => {
                let mode = if executable { 0o755 } else { 0o644 };
                // The store's reader fails rather than give more or fewer bytes than the digest says.
                archive.file(name.as_str(), attributes(mode), digest.size, &mut *store.reader(digest)?)
            }
        };
        written.map_err(failed(&path))?;
    }
    archive.finish().map(drop).map_err(|source| ExportError::Write { source: source.into() })
}

fn failed(path: &TreePath) -> impl FnOnce(TarWriteError) -> ExportError {
    let path = path.clone();
    move |error| match error {
        TarWriteError::Content { source, .. } => ExportError::Read { path, source },
        TarWriteError::Write(source) => ExportError::Write { source },
    }
}

/// Returns every directory on the way to a path, and the path.
fn ancestry(path: &TreePath) -> Vec<TreePath> {
    let mut above: Vec<TreePath> = Vec::new();
    for name in path.segments() {
        above.push(super::child(above.last(), &name));
    }
    above
}
