//! Tier 2: image layers, images and layouts, the same bytes on every machine.

use std::io;
use std::path::PathBuf;

use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::glob::GlobError;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::StoreError;

pub mod concat;
pub mod image;
pub mod layer_tree;
pub mod layout;
pub mod layout_folder;
pub mod layout_tree;
pub mod pulled_archive;
pub mod spool;
pub mod tar_layer;
pub mod validate;

/// Why no layer or image could be made.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// A package holds a path twice.
    #[error("{package}: `{path}` occurs twice")]
    Twice {
        /// Its purl, or what the definition calls it.
        package: String,
        /// Relative to the image's root.
        path: TreePath,
    },
    /// A hard link names a file that did not come before it.
    #[error("{package}: `{path}` is a hard link to `{target}`, which is not an earlier file")]
    Hardlink {
        /// Its purl, or what the definition calls it.
        package: String,
        /// The link.
        path: TreePath,
        /// What it links to.
        target: TreePath,
    },
    /// Two packages hold different things at one path.
    #[error("`{path}` differs between {one} and {other}")]
    Conflict {
        /// Relative to the image's root.
        path: TreePath,
        /// The package that came first.
        one: String,
        /// The other package.
        other: String,
    },
    /// A path goes through something that is not a folder.
    #[error("{package}: `{path}` lies below `{parent}`, which {owner} makes something other than a folder")]
    Below {
        /// Its purl, or what the definition calls it.
        package: String,
        /// Relative to the image's root.
        path: TreePath,
        /// The path's ancestor.
        parent: TreePath,
        /// The package that brought the ancestor.
        owner: String,
    },
    /// A package unpacks to more than may be.
    #[error("{package}: `{path}` takes it beyond the {limit} {unit} that a package may unpack to")]
    TooLarge {
        /// Its purl, or what the definition calls it.
        package: String,
        /// The entry that went over.
        path: TreePath,
        /// In bytes or entries, as `unit` says.
        limit: u64,
        /// What is limited.
        unit: &'static str,
    },
    /// A glob of the definition cannot be read.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// A file that is joined from others would be empty.
    #[error("nothing matches `{glob}`, which `{path}` is joined from")]
    NothingToJoin {
        /// The file.
        path: TreePath,
        /// As the definition spells it.
        glob: String,
    },
    /// A layout would be written over something else.
    #[error("`{}` holds something other than these images: {reason}", folder.display())]
    Occupied {
        /// Where the layout was to go.
        folder: PathBuf,
        /// What is there, or not.
        reason: String,
    },
    /// Reading a package or writing a temporary file, a layer or a stream failed.
    #[error("cannot {doing}")]
    Io {
        /// What was tried, as a verb with its object.
        doing: String,
        /// The error of the system or of a decoder.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for OciError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Occupied { .. } => {
                Some("name a folder that is not there yet: rcrepro image build --output DIR".to_owned())
            }
            Self::Store(error) => error.hint(),
            _ => None,
        }
    }
}

impl OciError {
    fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
