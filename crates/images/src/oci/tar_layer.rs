//! A layer as a tar stream, always the same bytes for the same tree.
//!
//! Hash rule (the DiffId is the SHA-256 of this stream): entries in the order of their paths' bytes; ustar headers, a GNU
//! long-name entry before those whose path or link target does not fit; mtime = the lock's epoch, uid = gid = 0, no owner names;
//! permission bits as the packages have them without set-id bits, symbolic links 0777; the first name of a hard-linked
//! file in that order carries the content, the others link to it; no extended attributes; two zero blocks at the end.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use super::OciError;
use super::layer_tree::{LayerNode, LayerTree};
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
    let mut tar = Builder::new(out);
    let mut first_names: HashMap<(usize, u64), &TreePath> = HashMap::new();
    for (path, placed) in tree.nodes() {
        match &placed.node {
            LayerNode::Directory { mode } => {
                append(&mut tar, &mut header(EntryType::Directory, *mode, epoch), &format!("{path}/"), io::empty())?;
            }
            LayerNode::Symlink { target } => {
                tar.append_link(&mut header(EntryType::Symlink, 0o777, epoch), path.as_str(), target)?;
            }
            LayerNode::File { mode, content, inode } => match first_names.get(&(placed.package, *inode)) {
                Some(first) => {
                    tar.append_link(&mut header(EntryType::Link, *mode, epoch), path.as_str(), first.as_str())?;
                }
                None => {
                    first_names.insert((placed.package, *inode), path);
                    let mut header = header(EntryType::Regular, *mode, epoch);
                    header.set_size(content.len);
                    append(&mut tar, &mut header, path.as_str(), tree.read(placed.package, *content))?;
                }
            },
        }
    }
    tar.into_inner()?.flush()
}

fn append(tar: &mut Builder<&mut dyn Write>, header: &mut Header, path: &str, content: impl Read) -> io::Result<()> {
    tar.append_data(header, path, content)
}

/// Makes a header with every field set that a reader looks at.
pub(super) fn header(kind: EntryType, mode: u32, epoch: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}
