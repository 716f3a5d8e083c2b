//! Tar streams, as the engine's archive call returns them.

use std::collections::HashMap;
use std::io::{self, Read, Write as _};

use super::tar_error::TarError;
use super::{IngestLimits, Meter, PIECE, with_buffer};
use crate::{BlobBatch, BlobStore, StoreError};
use rcrepro_archive::fill;
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::{TarEntry, TarReadError, TarReader};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};

/// How an archive is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TarOptions {
    /// The path, inside the archive, of what becomes the result; every entry must be it or lie below it. Docker's archive
    /// of `/work/dist` has it at `dist`. `None` takes the archive's own root.
    pub strip: Option<TreePath>,
    /// What may be taken in.
    pub limits: IngestLimits,
}

/// Stores an archive: a tree's root, or the file or symlink that is at [`TarOptions::strip`].
///
/// The stream is read to its very end. Owners, times, xattrs and all mode bits but the owner's executable one are dropped;
/// hard links become files of their own.
///
/// # Errors
/// [`TarError`]; then some of the archive's blobs may be in the store, and nothing refers to them.
pub fn ingest_tar(store: &dyn BlobStore, reader: &mut dyn Read, options: &TarOptions) -> Result<TreeNode, TarError> {
    let batch = store.batch()?;
    let node = ingest_tar_into(&*batch, reader, options)?;
    batch.commit()?;
    Ok(node)
}

/// Adds an archive to a batch, as [`ingest_tar`] does. The caller commits the batch.
///
/// # Errors
/// [`TarError`].
pub fn ingest_tar_into(
    batch: &dyn BlobBatch,
    reader: &mut dyn Read,
    options: &TarOptions,
) -> Result<TreeNode, TarError> {
    let mut archive = TarReader::new(reader);
    let mut meter = Meter::new(options.limits);
    let mut tree = Tree::default();
    while let Some(entry) = archive.next_entry()? {
        let limit = |source| TarError::Limit { entry: escaped(&entry.path), source };
        meter.entry().map_err(limit)?;
        meter.file(entry.size).map_err(limit)?;
        let refused = |reason| TarError::Entry { entry: escaped(&entry.path), reason };
        let path = locate(&entry.path, options.strip.as_ref()).map_err(refused)?;
        let item = match entry.kind {
            MemberKind::File => {
                let digest = with_buffer(|buffer| keep(batch, &mut archive, &entry, buffer))?;
                Item::Leaf(TreeNode::File { digest, executable: entry.executable })
            }
            MemberKind::Directory => Item::Folder,
            MemberKind::Symlink => {
                let target = String::from_utf8(entry.link.clone()).map_err(|_| refused("its target is not UTF-8"))?;
                Item::Leaf(TreeNode::Symlink { target })
            }
            MemberKind::Hardlink => {
                let target = locate(&entry.link, options.strip.as_ref())
                    .map_err(|_| refused("it is a hard link to a path outside the archive"))?;
                let target = tree.seen.get(&target).cloned();
                target
                    .filter(|item| matches!(item, Item::Leaf(_)))
                    .ok_or_else(|| refused("it is a hard link to what the archive has not shown before"))?
            }
            MemberKind::CharDevice | MemberKind::BlockDevice => return Err(refused("it is a device")),
            MemberKind::Fifo => return Err(refused("it is a fifo")),
            MemberKind::Sparse => return Err(refused("it is sparse, which is not supported")),
            _ => return Err(refused("its type is unknown")),
        };
        tree.add(path, item, &entry.path)?;
    }
    tree.finish(batch, options)
}

/// What is at a path.
#[derive(Debug, Clone)]
enum Item {
    Leaf(TreeNode),
    Folder,
}

/// What the archive has shown; the root has no path.
#[derive(Default)]
struct Tree {
    builder: TreeBuilder,
    seen: HashMap<Option<TreePath>, Item>,
}

impl Tree {
    fn add(&mut self, path: Option<TreePath>, item: Item, entry: &[u8]) -> Result<(), TarError> {
        let refused = |reason| TarError::Entry { entry: escaped(entry), reason };
        if self.seen.contains_key(&path) {
            return Err(refused("it occurs twice in the archive"));
        }
        if path.is_some() && matches!(self.seen.get(&None), Some(Item::Leaf(_))) {
            return Err(refused("it lies below a file or symlink"));
        }
        match (&path, &item) {
            (Some(path), Item::Leaf(node)) => self.builder.insert(path, node.clone())?,
            (Some(path), Item::Folder) => self.builder.insert_directory(path)?,
            (None, Item::Leaf(_)) if !self.seen.is_empty() => return Err(refused("others already lie below it")),
            (None, _) => {}
        }
        self.seen.insert(path, item);
        Ok(())
    }

    fn finish(mut self, batch: &dyn BlobBatch, options: &TarOptions) -> Result<TreeNode, TarError> {
        if let (true, Some(path)) = (self.seen.is_empty(), &options.strip) {
            return Err(TarError::Empty { path: path.clone() });
        }
        if let Some(Item::Leaf(node)) = self.seen.remove(&None) {
            return Ok(node);
        }
        let digest = self.builder.finish(&mut |_, bytes| batch.put(&bytes).map(drop))?;
        Ok(TreeNode::Directory { digest })
    }
}

/// Finds an entry's path below `strip`; `None` is `strip` itself.
fn locate(bytes: &[u8], strip: Option<&TreePath>) -> Result<Option<TreePath>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its name is not UTF-8")?;
    if text.starts_with('/') {
        return Err("its path is absolute");
    }
    let text = text.strip_prefix("./").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.split('/').any(|segment| segment == "..") {
        return Err("its path holds `..`");
    }
    let below = match strip {
        Some(strip) if text == strip.as_str() => "",
        Some(strip) => text
            .strip_prefix(strip.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or("it lies outside the path that was asked for")?,
        None if text == "." => "",
        None => text,
    };
    if below.is_empty() {
        return Ok(None);
    }
    below.parse().map(Some).map_err(|_| "its path has an empty or `.` segment, or a NUL")
}

pub(super) fn keep(
    batch: &dyn BlobBatch,
    archive: &mut TarReader<'_>,
    entry: &TarEntry,
    buffer: &mut [u8],
) -> Result<Digest, TarError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => TarReadError::Cut { after: escaped(&entry.path) },
        _ => TarReadError::Read { source },
    };
    if entry.size <= PIECE as u64 {
        let count = fill(archive, buffer).map_err(failed)?;
        return Ok(batch.put(&buffer[..count])?);
    }
    let mut writer = batch.writer()?;
    loop {
        let count = fill(archive, &mut buffer[..PIECE]).map_err(failed)?;
        if count == 0 {
            return Ok(writer.commit()?);
        }
        writer.write_all(&buffer[..count]).map_err(|source| StoreError::Io {
            doing: "store the archive entry",
            path: escaped(&entry.path).into(),
            source,
        })?;
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
