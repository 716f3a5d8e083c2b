//! The context of a build: the certified source as a tar, less what `.dockerignore` leaves out.

use super::error::ReleaseError;
use super::step::ReleaseStep;
use crate::toolchain::load::stream_of;
use rcrepro_engine::ArchiveStream;
use rcrepro_images::oci::OciError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_pins::dockerfile::dockerignore::Ignored;
use rcrepro_store::export::{self, ExportError, TarStyle, export_tar};
use rcrepro_store::{BlobStore, StoreError};

/// The file that says what is left out.
const IGNORE: &str = ".dockerignore";

/// Reads a text of the source; none when there is no such file.
///
/// # Errors
/// [`ReleaseError`] when the store cannot serve it.
pub fn text_of(store: &dyn BlobStore, root: Digest, path: &TreePath) -> Result<Option<String>, ReleaseError> {
    match export::lookup(store, root, path)? {
        Some(TreeNode::File { digest, .. }) => Ok(Some(String::from_utf8_lossy(&store.get(digest)?).into_owned())),
        _ => Ok(None),
    }
}

/// Stores the tree that a build of this image sees; a reason in words when `.dockerignore` cannot be read.
///
/// # Errors
/// [`ReleaseError`] when the store fails.
pub fn tree(
    store: &dyn BlobStore,
    source: Digest,
    image: &ReleaseImage,
) -> Result<Result<Digest, String>, ReleaseError> {
    let ignore: TreePath = IGNORE.parse().expect("a constant path");
    let Some(text) = text_of(store, source, &ignore)? else { return Ok(Ok(source)) };
    let ignored = match Ignored::read(&text) {
        Ok(ignored) => ignored,
        Err(error) => return Ok(Err(format!("`{IGNORE}`: {error}"))),
    };
    let mut builder = TreeBuilder::default();
    for (path, node) in export::walk(store, source)? {
        // The engine needs both files, whatever they say of themselves.
        let needed = path == image.dockerfile || path == ignore;
        if !matches!(node, TreeNode::Directory { .. }) && (needed || !ignored.leaves_out(&path)) {
            builder.insert(&path, node).expect("the paths of a tree differ");
        }
    }
    let batch = store.batch()?;
    let root = builder.finish(&mut |_, bytes| batch.put(&bytes).map(drop))?;
    batch.commit()?;
    Ok(Ok(root))
}

impl ReleaseStep<'_> {
    /// Streams a tree of the store as a tar whose times are the release's.
    pub(super) fn tar(&self, root: Digest) -> ArchiveStream {
        let (store, mtime) = (self.context.store.clone(), u64::try_from(self.resolved.date_epoch).unwrap_or_default());
        stream_of(move |out| {
            let style = TarStyle { mtime, ..TarStyle::default() };
            export_tar(&*store, root, &style, out).map_err(|error| match error {
                ExportError::Store(error) => OciError::Store(error),
                error => OciError::Store(StoreError::Io {
                    doing: "stream",
                    path: "a build's context".into(),
                    source: std::io::Error::other(error),
                }),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    #[test]
    fn the_context_is_the_source_less_what_is_ignored() {
        let store = MemoryStore::default();
        let image = ReleaseImage::new("build/Dockerfile".parse().expect("a path"), "runtime");
        let paths = |ignore: &str| {
            let mut builder = TreeBuilder::default();
            let files = [
                (".dockerignore", ignore),
                ("build/Dockerfile", "FROM scratch"),
                ("cmd/main.go", ""),
                ("README.md", ""),
            ];
            for (path, text) in files {
                let digest = store.put(text.as_bytes()).expect("stored");
                builder
                    .insert(&path.parse().expect("a path"), TreeNode::File { digest, executable: false })
                    .expect("new");
            }
            let source = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
            let root = tree(&store, source, &image).expect("read")?;
            let leaves = export::walk(&store, root).expect("walked").into_iter();
            let leaves = leaves.filter(|(_, node)| !matches!(node, TreeNode::Directory { .. }));
            Ok::<_, String>(leaves.map(|(path, _)| path.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(paths("*\n!cmd\n").expect("read"), [".dockerignore", "build/Dockerfile", "cmd/main.go"]);
        assert_eq!(paths("").expect("read").len(), 4);
        assert_eq!(
            paths("a\n[\n").expect_err("no pattern"),
            "`.dockerignore`: line 2: invalid pattern `[`: expected a glob as Docker reads it"
        );
    }
}
