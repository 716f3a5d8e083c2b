//! Files joined from others of the same layer, such as the bundle of CA certificates.

use std::io::{Cursor, Read};

use super::OciError;
use super::layer_tree::{LayerNode, LayerRules, LayerTree, PackageWriter, UnpackedPackage};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind};
use rcrepro_model::plan::glob::PathGlob;

/// The most bytes that a joined file may have: 16 MiB.
const MAX_JOINED: u64 = 16 << 20;

/// Joins all files that `glob` matches, in the order of their paths' bytes, each ended by a new line.
///
/// # Errors
/// [`OciError::NothingToJoin`], [`OciError::TooLarge`], [`OciError::Glob`] or [`OciError::Io`].
pub fn join(tree: &LayerTree, package: &str, path: &TreePath, glob: &str) -> Result<UnpackedPackage, OciError> {
    let matches = PathGlob::new(glob)?;
    let mut joined = Vec::new();
    for (member, placed) in tree.nodes() {
        let LayerNode::File { content, .. } = placed.node else { continue };
        if !matches.matches(member.as_str()) {
            continue;
        }
        if joined.len() as u64 + content.len > MAX_JOINED {
            let (package, path) = (package.to_owned(), member.clone());
            return Err(OciError::TooLarge { package, path, limit: MAX_JOINED, unit: "joined bytes" });
        }
        let mut reader = tree.read(placed.package, content);
        reader.read_to_end(&mut joined).map_err(OciError::io(format!("read `{member}`")))?;
        if joined.last().is_some_and(|last| *last != b'\n') {
            joined.push(b'\n');
        }
    }
    if joined.is_empty() {
        return Err(OciError::NothingToJoin { path: path.clone(), glob: glob.to_owned() });
    }
    let mut writer = PackageWriter::new(package, LayerRules::default())?;
    let entry = Entry { path: path.clone(), kind: EntryKind::File { mode: 0o644 } };
    writer.add(entry, &mut Cursor::new(joined))?;
    writer.finish()
}
