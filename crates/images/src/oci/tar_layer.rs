//! A layer as a tar stream, always the same bytes for the same tree.
//!
//! Hash rule (the DiffId is the SHA-256 of this stream): entries in the order of their paths' bytes; ustar headers, a GNU
//! long-name entry before those whose path or link target does not fit; mtime = the lock's epoch, uid = gid = 0, no owner names;
//! permission bits as the packages have them without set-id bits, symbolic links 0777; the first name of a hard-linked
//! file in that order carries the content, the others link to it; no extended attributes; two zero blocks at the end.

use std::collections::HashMap;
use std::io::{self, Write};

use super::OciError;
use super::layer_tree::{LayerNode, LayerTree};
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_store::BlobStore;

/// Streams a layer into the store; the digest's hash is the DiffId.
///
/// # Errors
/// [`OciError::Io`] or [`OciError::Store`].
pub fn store_layer(tree: &LayerTree, epoch: u64, store: &dyn BlobStore) -> Result<Digest, OciError> {
    let mut buffered = io::BufWriter::with_capacity(256 << 10, store.writer()?);
    write_layer(tree, epoch, &mut buffered).map_err(OciError::io("write a layer"))?;
    let blob = buffered.into_inner().map_err(io::IntoInnerError::into_error).map_err(OciError::io("write a layer"))?;
    Ok(blob.commit()?)
}

fn write_layer(tree: &LayerTree, epoch: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut tar = TarWriter::new(out, TarFormat::Ustar);
    let mut first_names: HashMap<(usize, u64), &TreePath> = HashMap::new();
    for (path, placed) in tree.nodes() {
        match &placed.node {
            LayerNode::Directory { mode } => {
                tar.directory(path.as_str(), attributes(*mode, epoch))?;
            }
            LayerNode::Symlink { target } => {
                tar.tidied_link(MemberKind::Symlink, path.as_str(), target, attributes(0o777, epoch))?;
            }
            LayerNode::File { mode, content, inode } => match first_names.get(&(placed.package, *inode)) {
                Some(first) => {
                    let attributes = attributes(*mode, epoch);
                    tar.tidied_link(MemberKind::Hardlink, path.as_str(), first.as_str(), attributes)?;
                }
                None => {
                    first_names.insert((placed.package, *inode), path);
                    let mut reader = tree.read(placed.package, *content);
                    tar.file(path.as_str(), attributes(*mode, epoch), content.len, &mut reader)?;
                }
            },
        }
    }
    tar.finish()?;
    Ok(())
}

/// Gives a member of root's its mode and time.
pub(super) fn attributes(mode: u32, epoch: u64) -> MemberAttributes {
    MemberAttributes { mode, uid: 0, gid: 0, mtime: epoch }
}
