//! Entries of a package, on their way into an image layer.

use crate::content::name::TreePath;

/// Bounds what one package may unpack to, whatever its archive says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Entries of any kind.
    pub entries: u64,
}

impl LayerLimits {
    /// What packages are held to: 4 GiB and 200,000 entries.
    pub const PACKAGE: Self = Self { bytes: 4 << 30, entries: 200_000 };
}

/// What an entry may be, with the permission bits or the target that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder with its permission bits.
    Directory {
        /// Permission bits, sticky included, set-id excluded.
        mode: u32,
    },
    /// A file; its content travels beside the entry.
    File {
        /// Permission bits, set-id excluded.
        mode: u32,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points, from the link's folder or from the image's root.
        target: String,
    },
    /// A second name of a file that the same package brought before.
    Hardlink {
        /// The file's path in the image.
        target: TreePath,
    },
}

/// One entry of a package, its name checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies in the image.
    pub path: TreePath,
    /// File, folder or link.
    pub kind: EntryKind,
}
