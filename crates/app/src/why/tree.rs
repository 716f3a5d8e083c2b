//! Trees and files against each other, byte by byte.

use super::blob::read;
use rcrepro_explain::{Hints, explain as explain_bytes};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::MissingBlob;
use rcrepro_model::why::difference::Explained;
use rcrepro_store::export::{ExportError, TreeDifference};
use rcrepro_store::{BlobStore, StoreError, export};

/// The largest file that is read to be explained, in bytes: 128 MiB.
const MOST: u64 = 128 << 20;

/// Looks into files of a store, and notes what is not there.
pub(super) struct FileLook<'a> {
    pub store: &'a dyn BlobStore,
    pub missing: &'a mut Vec<MissingBlob>,
    /// What files are files of, such as a command's id.
    pub of: &'a str,
}

impl FileLook<'_> {
    /// Reads both versions of a blob; none when one is missing, which is noted.
    pub fn both(&mut self, what: &str, l: Digest, r: Digest) -> Result<Option<[Vec<u8>; 2]>, StoreError> {
        let left = read(self.store, l, &format!("{} {what} of the first side", self.of), self.missing)?;
        let right = read(self.store, r, &format!("{} {what} of the second side", self.of), self.missing)?;
        Ok(left.zip(right).map(|(l, r)| [l, r]))
    }

    /// Explains two versions of a file, each with its executable bit.
    pub fn file(
        &mut self,
        (at, path): (&str, &str),
        l: (Digest, bool),
        r: (Digest, bool),
        hints: &Hints<'_>,
    ) -> Result<Vec<Explained>, StoreError> {
        let mut found = Vec::new();
        if l.1 != r.1 {
            let mark = |executable: bool| if executable { "executable" } else { "not executable" };
            found.push(Explained::real(at, [mark(l.1), mark(r.1)], "another executable bit"));
        }
        if l.0 == r.0 {
            return Ok(found);
        }
        if l.0.size.max(r.0.size) > MOST {
            found.push(Explained::cut(at, [&l.0.to_string(), &r.0.to_string()]));
        } else if let Some([left, right]) = self.both(path, l.0, r.0)? {
            found.extend(explain_bytes(at, &left, &right, hints));
        }
        Ok(found)
    }

    /// Lists what differs between two trees; nothing where a directory is missing, which is noted.
    pub fn differing(&mut self, path: &str, l: Digest, r: Digest) -> Result<Vec<TreeDifference>, ExportError> {
        match export::diff(self.store, l, r) {
            Err(ExportError::Store(StoreError::Missing { digest })) => {
                self.missing.push(MissingBlob { what: format!("{} directory of {path}", self.of), digest });
                Ok(Vec::new())
            }
            found => found,
        }
    }

    /// Explains one entry of a tree; `at` is its place, and `path` its name for blobs that are missing.
    pub fn entry(
        &mut self,
        (at, path): (&str, &str),
        difference: &TreeDifference,
        hints: &Hints<'_>,
    ) -> Result<Vec<Explained>, StoreError> {
        match (&difference.left, &difference.right) {
            (Some(TreeNode::File { digest: l, executable: x }), Some(TreeNode::File { digest: r, executable: y })) => {
                self.file((at, path), (*l, *x), (*r, *y), hints)
            }
            (l, r) => {
                let cause = "on one side only, or another kind of entry";
                Ok(vec![Explained::real(at, [&kind(l), &kind(r)], cause)])
            }
        }
    }
}

fn kind(node: &Option<TreeNode>) -> String {
    match node {
        None => String::new(),
        Some(TreeNode::File { digest, .. }) => format!("a file of {}", counted(digest.size, "byte")),
        Some(TreeNode::Directory { .. }) => "a directory".to_owned(),
        Some(TreeNode::Symlink { target }) => format!("a link to {target}"),
    }
}

/// Gives a path of a tree as the place of a difference.
pub(super) fn place(at: &str, path: &TreePath) -> String {
    format!("{at}/{path}")
}
