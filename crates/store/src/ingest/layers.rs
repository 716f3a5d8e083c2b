//! The layers of an image, one over the other, as one tree, with the mode, the owner and the extended attributes of every path.
//!
//! Source: OCI image specification, "Image Layer Filesystem Changeset": `.wh.NAME` takes `NAME` away from the layers below,
//! `.wh..wh..opq` everything in its folder; both say nothing of their own layer. A folder over a folder changes its mode and
//! owner and keeps what is in it; anything else replaces what was there.

use std::collections::BTreeMap;
use std::io::Read;

use super::tar::keep;
use super::{HashOnly, IngestLimits, Meter, TarError, with_buffer};
use crate::{BlobBatch, BlobStore, StoreError};
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::TarReader;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};

/// What a name begins with that takes another one away.
const WHITEOUT: &str = ".wh.";
/// The name that hides everything that the layers below have in a folder.
const OPAQUE: &str = ".wh..wh..opq";

/// The mode, the owner and the extended attributes of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dress {
    /// The permission bits, set-id and sticky bits among them.
    pub mode: u32,
    /// The user's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// The extended attributes, by name, such as `security.capability`.
    pub attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The file system of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootTree {
    /// The root `Directory`.
    pub root: Digest,
    /// The mode and owner of every path that a layer names.
    pub dress: BTreeMap<TreePath, Dress>,
    /// Those of the root itself, where a layer names it and they are others than 0755 0:0, which engines give a root of their own.
    pub root_dress: Option<Dress>,
}

/// Stores the tree that these layers make, lowest first; each is an uncompressed tar in the store.
///
/// # Errors
/// [`TarError`] for a layer that is not a whole archive or holds what cannot be in a tree, such as a device.
pub fn ingest_layers(store: &dyn BlobStore, layers: &[Digest]) -> Result<RootTree, TarError> {
    let batch = store.batch()?;
    let paths = folded(&*batch, layers.iter().map(|layer| store.reader(*layer)))?;
    stored(batch, paths)
}

/// As [`ingest_layers`], of layers that come uncompressed from their readers, and without the contents of files: the tree names
/// them by their digests, which is enough to compare it.
///
/// # Errors
/// As [`ingest_layers`], and [`TarError::Limit`] when the layers together hold more than the default [`IngestLimits`] allow.
pub fn hash_layers<'a>(
    store: &dyn BlobStore,
    layers: impl IntoIterator<Item = Result<Box<dyn Read + Send + 'a>, StoreError>>,
) -> Result<RootTree, TarError> {
    let paths = folded(&HashOnly, layers)?;
    stored(store.batch()?, paths)
}

/// Lays the layers over each other and brings their files' contents into the batch.
fn folded<'a>(
    batch: &dyn BlobBatch,
    layers: impl IntoIterator<Item = Result<Box<dyn Read + Send + 'a>, StoreError>>,
) -> Result<(Paths, Option<Dress>), TarError> {
    let mut paths = Paths::new();
    let mut root = None;
    let mut meter = Meter::new(IngestLimits::default());
    for layer in layers {
        let changes = changes(&mut *layer?, batch, &mut meter, &paths)?;
        root = changes.root.clone().or(root);
        lay(&mut paths, changes);
    }
    let usual = Dress { mode: 0o755, ..Dress::default() };
    Ok((paths, root.filter(|dress| *dress != usual)))
}

/// Stores the folders of a tree.
fn stored(batch: Box<dyn BlobBatch + '_>, (paths, root_dress): (Paths, Option<Dress>)) -> Result<RootTree, TarError> {
    let mut builder = TreeBuilder::default();
    for (path, (item, _)) in &paths {
        match item {
            Some(node) => builder.insert(path, node.clone())?,
            None => builder.insert_directory(path)?,
        }
    }
    let root = builder.finish(&mut |_, bytes| batch.put(&bytes).map(drop))?;
    batch.commit()?;
    Ok(RootTree { root, dress: paths.into_iter().map(|(path, (_, dress))| (path, dress)).collect(), root_dress })
}

/// What is at each path: a file or a symbolic link, or a folder where there is none.
type Paths = BTreeMap<TreePath, (Option<TreeNode>, Dress)>;

/// What one layer does to those below.
#[derive(Default)]
struct Changes {
    /// Paths that are taken away, with all that is below them.
    gone: Vec<TreePath>,
    /// Folders of which nothing is left but themselves; none is the root.
    opaque: Vec<Option<TreePath>>,
    /// New or in place of what lies below, by path.
    brings: Paths,
    /// The mode, owner and attributes that it gives the root.
    root: Option<Dress>,
}

fn changes(
    reader: &mut dyn Read,
    batch: &dyn BlobBatch,
    meter: &mut Meter,
    below: &Paths,
) -> Result<Changes, TarError> {
    let mut archive = TarReader::new(reader);
    let mut changes = Changes::default();
    while let Some(mut entry) = archive.next_entry()? {
        let shown = || entry.path.escape_ascii().to_string();
        let refused = |reason| TarError::Entry { entry: shown(), reason };
        let limit = |source| TarError::Limit { entry: shown(), source };
        meter.entry().map_err(limit)?;
        meter.file(entry.size).map_err(limit)?;
        let attributes = std::mem::take(&mut entry.attributes);
        let mut dress = Dress { mode: entry.mode & 0o7777, uid: entry.uid, gid: entry.gid, attributes };
        let Some(path) = locate(&entry.path).map_err(refused)? else {
            changes.root = if matches!(entry.kind, MemberKind::Directory) { Some(dress) } else { changes.root };
            continue;
        };
        let (folder, name) = match path.as_str().rsplit_once('/') {
            Some((folder, name)) => (Some(folder.parse().expect("a path's beginning is a path")), name),
            None => (None, path.as_str()),
        };
        if name == OPAQUE {
            changes.opaque.push(folder);
            continue;
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            let hidden: TreePath = hidden.parse().map_err(|_| refused("it removes an invalid name"))?;
            changes.gone.push(folder.map_or_else(|| hidden.clone(), |folder: TreePath| folder.join(&hidden)));
            continue;
        }
        let item = match entry.kind {
            MemberKind::File => {
                let digest = with_buffer(|buffer| keep(batch, &mut archive, &entry, buffer))?;
                Some(TreeNode::File { digest, executable: entry.executable })
            }
            MemberKind::Directory => None,
            MemberKind::Symlink => {
                let target = String::from_utf8(entry.link.clone()).map_err(|_| refused("its target is not UTF-8"))?;
                // What a link's own mode says differs from tool to tool, and nobody asks for it.
                dress.mode = 0o777;
                Some(TreeNode::Symlink { target })
            }
            MemberKind::Hardlink => {
                let (node, of) = linked(&entry.link, &changes.brings, below)
                    .ok_or_else(|| refused("it is a hard link to something that is not a file of the image"))?;
                dress = of;
                Some(node)
            }
            MemberKind::CharDevice | MemberKind::BlockDevice => return Err(refused("it is a device")),
            MemberKind::Fifo => return Err(refused("it is a fifo")),
            _ => return Err(refused("its type is unknown")),
        };
        changes.brings.insert(path, (item, dress));
    }
    Ok(changes)
}

/// Finds the file that a hard link is another name of, in its own layer or in those below.
fn linked(link: &[u8], brings: &Paths, below: &Paths) -> Option<(TreeNode, Dress)> {
    let path = locate(link).ok().flatten()?;
    let (node, of) = brings.get(&path).or_else(|| below.get(&path))?;
    Some((node.clone()?, of.clone()))
}

/// Lays a layer over those below.
fn lay(paths: &mut Paths, changes: Changes) {
    let Changes { gone, opaque, brings, root: _ } = changes;
    // What takes the place of a folder takes what is in it away; of anything else there is nothing to take away.
    let is_folder = |path: &TreePath| matches!(paths.get(path), Some((None, _)));
    let replaced =
        brings.iter().filter(|(path, (item, _))| item.is_some() && is_folder(path)).map(|(path, _)| path.clone());
    let gone: Vec<TreePath> = gone.into_iter().chain(replaced).collect();
    if !gone.is_empty() || !opaque.is_empty() {
        let below = |path: &TreePath, folder: &TreePath| path != folder && path.is_within(folder);
        paths.retain(|path, _| {
            !gone.iter().any(|away| path.is_within(away))
                && !opaque.iter().any(|folder| folder.as_ref().is_none_or(|folder| below(path, folder)))
        });
    }
    paths.extend(brings);
}

/// Finds an entry's path; none is the root.
fn locate(bytes: &[u8]) -> Result<Option<TreePath>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its name is not UTF-8")?;
    let text = text.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if text.is_empty() || text == "." {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "its path is not a path inside a tree")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::walk;
    use crate::memory::MemoryStore;
    use rcrepro_archive::tar::unchecked::{UncheckedMember, archive};
    use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};

    /// A path, what it is, its text (content or link target), and its mode.
    type Made<'a> = (&'a str, MemberKind, &'a str, u32);

    fn layer<'a>(store: &MemoryStore, entries: &[Made<'a>]) -> Digest {
        let member = |(name, kind, text, mode): &Made<'a>| {
            let (link, content) = match kind {
                MemberKind::Symlink | MemberKind::Hardlink => (*text, &[][..]),
                _ => ("", text.as_bytes()),
            };
            UncheckedMember { kind: *kind, name, mode: *mode, link, content }
        };
        let members: Vec<UncheckedMember<'_>> = entries.iter().map(member).collect();
        store.put(&archive(&members)).expect("stored")
    }

    fn laid(layers: &[&[Made<'_>]]) -> Result<Vec<String>, TarError> {
        let store = MemoryStore::default();
        let layers: Vec<Digest> = layers.iter().map(|entries| layer(&store, entries)).collect();
        let tree = ingest_layers(&store, &layers)?;
        let shown = |(path, node): (TreePath, TreeNode)| {
            let mode = tree.dress.get(&path).map_or(0, |dress| dress.mode);
            match node {
                TreeNode::File { digest, .. } => {
                    format!("{path} {mode:o} {}", String::from_utf8_lossy(&store.get(digest).expect("stored")))
                }
                TreeNode::Symlink { target } => format!("{path} {mode:o} -> {target}"),
                TreeNode::Directory { .. } => format!("{path}/ {mode:o}"),
            }
        };
        Ok(walk(&store, tree.root).expect("a tree").into_iter().map(shown).collect())
    }

    const FILE: MemberKind = MemberKind::File;
    const FOLDER: MemberKind = MemberKind::Directory;

    #[test]
    fn layers_are_laid_over_each_other() {
        let low: &[Made<'_>] = &[
            ("a/", FOLDER, "", 0o755),
            ("a/one", FILE, "1", 0o644),
            ("a/two", FILE, "2", 0o600),
            ("b/", FOLDER, "", 0o755),
            ("b/deep/", FOLDER, "", 0o755),
            ("b/deep/x", FILE, "x", 0o644),
            ("c", FILE, "c", 0o644),
            ("d/", FOLDER, "", 0o755),
            ("d/in", FILE, "in", 0o644),
        ];
        let high: &[Made<'_>] = &[
            ("a/", FOLDER, "", 0o700),
            ("a/.wh.one", FILE, "", 0o644),
            ("b/.wh..wh..opq", FILE, "", 0o644),
            ("b/new", FILE, "new", 0o4755),
            ("c/", FOLDER, "", 0o755),
            ("c/now", MemberKind::Hardlink, "a/two", 0o644),
            ("d", MemberKind::Symlink, "a", 0o755),
        ];
        assert_eq!(
            laid(&[low, high]).expect("laid"),
            ["a/ 700", "a/two 600 2", "b/ 755", "b/new 4755 new", "c/ 755", "c/now 600 2", "d 777 -> a"]
        );
    }

    #[test]
    fn extended_attributes_are_those_of_the_topmost_layer() {
        let store = MemoryStore::default();
        let with = |value: &str| {
            let record = format!("SCHILY.xattr.user.note={value}\n");
            let pax = format!("{} {record}", record.len() + 3);
            let file = UncheckedMember { kind: FILE, name: "a", mode: 0o644, link: "", content: b"x" };
            let head = UncheckedMember { kind: MemberKind::Other(b'x'), name: "pax", content: pax.as_bytes(), ..file };
            store.put(&archive(&[head, file])).expect("stored")
        };
        let plain = layer(&store, &[("a", FILE, "x", 0o644)]);
        let dressed = |layers: &[Digest]| {
            let tree = ingest_layers(&store, layers).expect("laid");
            (tree.root, tree.dress.into_values().next().expect("a file").attributes.into_values().next())
        };
        let (root, value) = dressed(&[plain, with("1")]);
        assert_eq!(value.as_deref(), Some(&b"1"[..]));
        assert_eq!(dressed(&[with("1"), plain]), (root, None));
    }

    #[test]
    fn a_root_of_its_own_is_that_of_the_topmost_layer_that_names_it() {
        let store = MemoryStore::default();
        let named = |mode: u32, uid: u32| {
            let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
            tar.directory("./", MemberAttributes { mode, uid, gid: 0, mtime: 0 }).expect("written");
            store.put(&tar.finish().expect("ended")).expect("stored")
        };
        let root = |layers: &[Digest]| {
            let root = ingest_layers(&store, layers).expect("laid").root_dress;
            root.map(|dress| (dress.mode, dress.uid))
        };
        let file = layer(&store, &[("a", FILE, "1", 0o644)]);
        let opaque = layer(&store, &[(".wh..wh..opq", FILE, "", 0o644)]);
        let (usual, own) = (named(0o755, 0), named(0o700, 7));
        assert_eq!((root(&[file]), root(&[usual, file])), (None, None));
        assert_eq!((root(&[own, file]), root(&[usual, own])), (Some((0o700, 7)), Some((0o700, 7))));
        assert_eq!((root(&[own, usual]), root(&[named(0o755, 7)])), (None, Some((0o755, 7))));
        assert_eq!(root(&[own, opaque]), Some((0o700, 7)), "an opaque root stays itself");
    }

    #[test]
    fn a_whiteout_says_nothing_of_its_own_layer() {
        let low: &[Made<'_>] = &[("a/", FOLDER, "", 0o755), ("a/x", FILE, "old", 0o644), ("a/y", FILE, "y", 0o644)];
        for high in [
            [("a/x", FILE, "new", 0o644), ("a/.wh..wh..opq", FILE, "", 0o644)],
            [("a/.wh..wh..opq", FILE, "", 0o644), ("a/x", FILE, "new", 0o644)],
        ] {
            assert_eq!(laid(&[low, &high]).expect("laid"), ["a/ 755", "a/x 644 new"]);
        }
        let rest: Vec<String> = laid(&[low, &[(".wh.a", FILE, "", 0o644)]]).expect("laid");
        assert_eq!(rest, Vec::<String>::new());
    }

    #[test]
    fn devices_and_links_out_of_the_image_are_refused() {
        for wrong in [
            ("n", MemberKind::CharDevice, "", 0o644),
            ("l", MemberKind::Hardlink, "missing", 0o644),
            ("../x", FILE, "", 0o644),
        ] {
            assert!(matches!(laid(&[&[wrong]]), Err(TarError::Entry { .. })), "{}", wrong.0);
        }
    }

    #[test]
    fn hashing_gives_the_same_tree_and_keeps_no_contents() {
        let store = MemoryStore::default();
        let layers = [
            layer(&store, &[("a/", FOLDER, "", 0o755), ("a/x", FILE, "1", 0o644)]),
            layer(&store, &[("b", FILE, "2", 0o600)]),
        ];
        let kept = ingest_layers(&store, &layers).expect("laid");
        let other = MemoryStore::default();
        let hashed = hash_layers(&other, layers.iter().map(|layer| store.reader(*layer))).expect("laid");
        assert_eq!(hashed, kept);
        assert_eq!(walk(&other, hashed.root).expect("a tree"), walk(&store, kept.root).expect("a tree"));
        assert!(!other.contains(Digest::of(b"1")).expect("known") && store.contains(Digest::of(b"1")).expect("known"));
    }

    #[test]
    fn a_layer_that_was_cut_is_no_layer() {
        let store = MemoryStore::default();
        let whole = store.get(layer(&store, &[("a", FILE, "1", 0o644)])).expect("stored");
        let cut = store.put(&whole[..1024]).expect("stored");
        assert!(ingest_layers(&store, &[cut]).is_err());
    }
}
